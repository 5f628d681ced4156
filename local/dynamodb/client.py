"""The resource's client: transactions, batches and tables, with Python values."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.dynamodb.errors import (
    ConditionalCheckFailed,
    Invalid,
    Refused,
    ResourceNotFound,
    TransactionCanceled,
    cancelled,
    client_error,
    invalid,
)
from local.dynamodb.keys import ItemKey
from local.dynamodb.requests import parse
from local.dynamodb.sizes import BATCH_LIMIT, TRANSACTION_LIMIT
from local.dynamodb.table_data import Row, TableData, View
from local.dynamodb.values import give_item
from local.dynamodb.writes import Write

if TYPE_CHECKING:
    from local.dynamodb.store import MemoryDynamoDB

#: DynamoDB quotas.
MAX_OPERATIONS = 100
MAX_KEYS = 100
MAX_WRITES = 25

_METADATA = {"HTTPStatusCode": 200, "RetryAttempts": 0}


class Exceptions:
    """``client.exceptions``."""

    ClientError = ClientError
    ConditionalCheckFailedException = ConditionalCheckFailed
    TransactionCanceledException = TransactionCanceled
    ResourceNotFoundException = ResourceNotFound
    ValidationException = Invalid


class MemoryClient:
    """boto3's ``DynamoDB.Client`` of a resource."""

    exceptions = Exceptions

    def __init__(self, dynamodb: "MemoryDynamoDB") -> None:
        self._dynamodb = dynamodb
        self._tokens: dict[str, Any] = {}

    def create_table(self, **request: Any) -> dict[str, Any]:
        """Creates a table at once from the request of ``CreateTable``. Returns its name and the status ACTIVE."""
        self._dynamodb.create_table(**request)
        return {"TableDescription": {"TableName": request["TableName"], "TableStatus": "ACTIVE"}}

    # --- transactions -------------------------------------------------------------------------------------------------

    def transact_write_items(
        self, *, TransactItems: Sequence[Mapping[str, Any]], ClientRequestToken: str | None = None
    ) -> dict[str, Any]:
        """Does all writes of a transaction or none. A call with the same token as an earlier one does nothing again.

        Raises TransactionCanceledException with a reason for each operation, and ValidationException if there are more
        than 100 operations, none, or two on one item.
        """
        if not 1 <= len(TransactItems) <= MAX_OPERATIONS:
            limit = "less than or equal to 100" if TransactItems else "greater than or equal to 1"
            raise invalid(
                "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have"
                f" length {limit}",
                "TransactWriteItems",
            )
        writes = [self._write(operation) for operation in TransactItems]
        if len({(write.data.name, write.key) for write in writes}) < len(writes):
            message = "Transaction request cannot include multiple operations on one item"
            raise invalid(message, "TransactWriteItems")
        # botocore gives every call a token of its own, by which a call that is sent again is recognized.
        done: list[bool] = []

        def effect() -> dict[str, Any]:
            if ClientRequestToken is not None and self._is_repeat(ClientRequestToken, TransactItems):
                return {"ResponseMetadata": dict(_METADATA)}
            if not done:
                self._commit(writes)
                done.append(True)
                if ClientRequestToken is not None:
                    self._tokens[ClientRequestToken] = repr(TransactItems)
            return {"ResponseMetadata": dict(_METADATA)}

        where = ",".join(dict.fromkeys([write.data.name for write in writes]))
        return self._dynamodb.run("TransactWriteItems", where, effect)

    def _write(self, operation: Mapping[str, Any]) -> Write:
        ((kind, request),) = operation.items()
        if kind not in ("Put", "Update", "Delete", "ConditionCheck"):
            raise TypeError(f"Unknown parameter in TransactItems: {kind}")
        if kind == "ConditionCheck" and "ConditionExpression" not in request:
            raise TypeError("Missing required parameter in ConditionCheck: ConditionExpression")
        request = dict(request)
        return Write(kind, self._dynamodb.data(request.pop("TableName"), "TransactWriteItems"), **request)

    def _commit(self, writes: Sequence[Write]) -> None:
        before: list[Row | None] = [write.data.rows.get(write.key) for write in writes]
        after: list[Row | None] = []
        reasons: list[dict[str, Any]] = []
        refused = False
        size = 0
        for write, old in zip(writes, before, strict=True):
            try:
                new = write.judge(old)
            except Refused as why:
                if why.code == "ValidationException":
                    raise invalid(why.message, "TransactWriteItems") from None
                refused, new = True, write.offered
                reason = {"Code": why.code, "Message": why.message}
                reasons.append(reason if why.item is None else {"Item": why.item, **reason})
            else:
                reasons.append({"Code": "None"})
            size += max(old.size if old else 0, new.size if new else 0)
            after.append(new)
        if size > TRANSACTION_LIMIT:
            raise invalid("Transaction size cannot exceed 4194304 bytes", "TransactWriteItems")
        if not refused:
            for write, new in zip(writes, after, strict=True):
                if write.kind != "ConditionCheck":
                    write.data.commit(write.key, new)
        if (capacity := self._dynamodb.capacity) is not None:
            for write, old, new in zip(writes, before, after, strict=True):
                capacity.wrote(
                    "TransactWriteItems", write.data, write.key, old, new, transactional=True, done=not refused
                )
        if refused:
            raise cancelled(reasons)

    def _is_repeat(self, token: str, items: Sequence[Mapping[str, Any]]) -> bool:
        if token not in self._tokens:
            return False
        if self._tokens[token] != repr(items):
            message = "The provided client request token has been used before with other parameters"
            raise client_error("IdempotentParameterMismatchException", message, "TransactWriteItems")
        return True

    # --- batches ------------------------------------------------------------------------------------------------------

    def batch_get_item(self, *, RequestItems: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Returns the found items by table in ``Responses``, and what it leaves over in ``UnprocessedKeys``. Raises
        ValidationException for more than 100 keys or none."""
        wanted = [self._wanted(name, request) for name, request in RequestItems.items()]
        if not 1 <= sum(len(keys) for _, _, keys, _, _ in wanted) <= MAX_KEYS:
            raise invalid("Too many items requested for the BatchGetItem call", "BatchGetItem")

        def effect() -> dict[str, Any]:
            responses: dict[str, list[dict[str, Any]]] = {}
            unprocessed: dict[str, Any] = {}
            total = 0
            for data, request, keys, project, consistent in wanted:
                view = View(data, None, 0 if consistent else self._dynamodb.lag(data, None))
                answered = self._dynamodb.hooks.answered
                most = len(keys) if answered is None else answered(data.name, len(keys))
                found = responses.setdefault(data.name, [])
                for number, key in enumerate(keys):
                    row = view.row(key)
                    size = row.size if row else 0
                    if number >= most or total + size > BATCH_LIMIT:
                        unprocessed[data.name] = {**request, "Keys": [dict(k) for k in request["Keys"][number:]]}
                        break
                    total += size
                    if (capacity := self._dynamodb.capacity) is not None:
                        capacity.looked_at("BatchGetItem", data.name, size, consistent=consistent)
                    if row is not None:
                        found.append(project(row.item))
            return {"Responses": responses, "UnprocessedKeys": unprocessed, "ResponseMetadata": dict(_METADATA)}

        return self._dynamodb.run("BatchGetItem", ",".join(RequestItems), effect)

    def _wanted(
        self, name: str, request: Mapping[str, Any]
    ) -> tuple[TableData, Mapping[str, Any], list[ItemKey], Callable[[Mapping[str, Any]], dict[str, Any]], bool]:
        if unknown := set(request) - {"Keys", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"}:
            raise TypeError(f"Unknown parameter in RequestItems: {sorted(unknown)}")
        data = self._dynamodb.data(name, "BatchGetItem")
        keys = [data.schema.of_request(key)[0] for key in request["Keys"]]
        if len(set(keys)) < len(keys):
            raise invalid("Provided list of item keys contains duplicates", "BatchGetItem")
        text = request.get("ProjectionExpression")
        project = parse(request.get("ExpressionAttributeNames"), projection=text).projection or give_item
        copied = {**request, "Keys": [dict(key) for key in request["Keys"]]}
        return data, copied, keys, project, bool(request.get("ConsistentRead", False))

    def batch_write_item(self, *, RequestItems: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
        """Puts and deletes items, each by itself. Raises ValidationException for more than 25 items, none, or one
        twice."""
        writes: list[Write] = []
        for name, requests in RequestItems.items():
            data = self._dynamodb.data(name, "BatchWriteItem")
            for request in requests:
                ((kind, body),) = request.items()
                writes.append(Write("Put" if kind == "PutRequest" else "Delete", data, **body))
        if not 1 <= len(writes) <= MAX_WRITES:
            raise invalid("Too many items requested for the BatchWriteItem call", "BatchWriteItem")
        if len({(write.data.name, write.key) for write in writes}) < len(writes):
            raise invalid("Provided list of item keys contains duplicates", "BatchWriteItem")

        def effect() -> dict[str, Any]:
            for write in writes:
                old = write.data.rows.get(write.key)
                try:
                    new = write.judge(old)
                except Refused as why:
                    raise invalid(why.message, "BatchWriteItem") from None
                write.data.commit(write.key, new)
                if (capacity := self._dynamodb.capacity) is not None:
                    capacity.wrote("BatchWriteItem", write.data, write.key, old, new)
            return {"UnprocessedItems": {}, "ResponseMetadata": dict(_METADATA)}

        return self._dynamodb.run("BatchWriteItem", ",".join(RequestItems), effect)
