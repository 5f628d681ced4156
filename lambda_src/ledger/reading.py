"""Reads that take several requests: every page of a query, and many items by key."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

#: BatchGetItem takes so many keys (DynamoDB quotas).
AT_ONCE = 100


def every_page(query: Callable[..., Mapping[str, Any]], **request: Any) -> Iterator[Mapping[str, Any]]:
    """Items of a query, in its order. A page ends at 1 MB, and may be empty."""
    while True:
        page = query(**request)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def many(client: Any, table_name: str, keys: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Items by key, strongly consistent, in no order; absent ones are left out. The keys must differ.

    DynamoDB answers some of the keys at a time (``UnprocessedKeys``); the others are asked for again.
    """
    todo = iter(keys)
    while chunk := list(islice(todo, AT_ONCE)):
        request: dict[str, Any] = {table_name: {"Keys": chunk, "ConsistentRead": True}}
        while request:
            answer = client.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table_name, ())
            request = dict(answer.get("UnprocessedKeys", {}))
