"""``batch_writer``, which gathers writes into BatchWriteItem, 25 at a time, as boto3 does."""
# ruff: noqa: N803 - Parameters have the names of the API.

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.dynamodb.client import MemoryClient

#: BatchWriteItem takes at most this many requests (DynamoDB API reference).
MAX_WRITES = 25


class BatchWriter:
    """A context manager. With ``overwrite_by_pkeys`` the last of several requests for one key counts."""

    def __init__(self, table: str, client: "MemoryClient", overwrite_by_pkeys: list[str] | None) -> None:
        self._table, self._client, self._keys = table, client, overwrite_by_pkeys
        self._gathered: list[dict[str, Any]] = []

    def put_item(self, Item: Mapping[str, Any]) -> None:
        self._gather({"PutRequest": {"Item": Item}}, Item)

    def delete_item(self, Key: Mapping[str, Any]) -> None:
        self._gather({"DeleteRequest": {"Key": Key}}, Key)

    def _gather(self, request: dict[str, Any], item: Mapping[str, Any]) -> None:
        if self._keys:
            key = [item[name] for name in self._keys]
            self._gathered = [other for other in self._gathered if self._key_of(other) != key]
        self._gathered.append(request)
        if len(self._gathered) == MAX_WRITES:
            self._flush()

    def _key_of(self, request: dict[str, Any]) -> list[Any]:
        (body,) = request.values()
        (item,) = body.values()
        return [item[name] for name in self._keys or ()]

    def _flush(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._client.batch_write_item(RequestItems={self._table: gathered})

    def __enter__(self) -> "BatchWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
