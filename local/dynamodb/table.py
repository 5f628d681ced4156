"""A table as boto3's resource has it."""
# ruff: noqa: N803 - parameters carry the names of the API

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import ConditionBase

from local.dynamodb.batch import BatchWriter
from local.dynamodb.errors import Refused, client_error, invalid
from local.dynamodb.indexes import Index
from local.dynamodb.key_conditions import of_boto, split
from local.dynamodb.reads import Page
from local.dynamodb.requests import Parsed, as_text, bound, parse
from local.dynamodb.table_data import Row, TableData, View
from local.dynamodb.values import give, give_item
from local.dynamodb.writes import Write

if TYPE_CHECKING:
    from local.dynamodb.store import MemoryDynamoDB

Answer = dict[str, Any]

_CONDITION_FAILED = "ConditionalCheckFailed"


class MemoryTable:
    """See boto3's ``DynamoDB.Table``. Parameters that our code does not use are refused (TypeError)."""

    def __init__(self, dynamodb: "MemoryDynamoDB", name: str) -> None:
        self._dynamodb = dynamodb
        self.name = self.table_name = name
        self.meta = dynamodb.meta

    # --- read ---------------------------------------------------------------------------------------------------------

    def get_item(
        self,
        *,
        Key: Mapping[str, Any],
        ConsistentRead: bool = False,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
    ) -> Answer:
        data = self._dynamodb.data(self.name, "GetItem")
        project = parse(ExpressionAttributeNames, projection=ProjectionExpression).projection or give_item
        key, _ = data.schema.of_request(Key)

        def effect() -> Answer:
            lag = 0 if ConsistentRead else self._dynamodb.lag(data, None)
            row = View(data, None, lag).row(key) if lag else data.rows.get(key)
            if (capacity := self._dynamodb.capacity) is not None:
                capacity.looked_at("GetItem", self.name, row.size if row else 0, consistent=ConsistentRead)
            return _answer() if row is None else _answer(Item=project(row.item))

        answer: Answer = self._dynamodb.run("GetItem", self.name, effect)
        return answer

    def query(
        self,
        *,
        KeyConditionExpression: str | ConditionBase,
        IndexName: str | None = None,
        ConsistentRead: bool = False,
        ScanIndexForward: bool = True,
        Limit: int | None = None,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        FilterExpression: str | ConditionBase | None = None,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        Select: str | None = None,
    ) -> Answer:
        data = self._dynamodb.data(self.name, "Query")
        index = self._index(data, IndexName, ConsistentRead)
        key_text = KeyConditionExpression if isinstance(KeyConditionExpression, str) else None
        filter_text, names, values = as_text(FilterExpression, ExpressionAttributeNames, ExpressionAttributeValues)
        parsed = parse(names, projection=ProjectionExpression, filter_=filter_text, key=key_text)
        bound_values = bound(parsed, values)
        bounds = parsed.key(bound_values) if parsed.key else of_boto(KeyConditionExpression)  # type: ignore[arg-type]
        schema = index.schema if index else data.schema
        hash_value, operator, range_bounds = split(bounds, schema)
        if keys := parsed.filtered & set(schema.names):
            message = "Filter Expression can only contain non-primary key attributes: Primary key attribute: "
            raise invalid(message + min(keys))
        _in_index(index, parsed)
        keep = parsed.filter
        page = Page(
            data=data,
            index=index,
            limit=Limit,
            start=ExclusiveStartKey,
            forward=ScanIndexForward,
            keep=(lambda item: keep(item, bound_values)) if keep else None,
            project=parsed.projection or give_item,
            count_only=Select == "COUNT",
        )

        def effect() -> Answer:
            lag = 0 if ConsistentRead else self._dynamodb.lag(data, index)
            found, size = page.query(lag, hash_value, operator, range_bounds)
            return self._read("Query", index, found, size, consistent=ConsistentRead)

        answer: Answer = self._dynamodb.run("Query", self._where(index), effect)
        return answer

    def scan(
        self,
        *,
        IndexName: str | None = None,
        ConsistentRead: bool = False,
        Limit: int | None = None,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        FilterExpression: str | ConditionBase | None = None,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        Select: str | None = None,
    ) -> Answer:
        data = self._dynamodb.data(self.name, "Scan")
        index = self._index(data, IndexName, ConsistentRead)
        filter_text, names, values = as_text(FilterExpression, ExpressionAttributeNames, ExpressionAttributeValues)
        parsed = parse(names, projection=ProjectionExpression, filter_=filter_text)
        bound_values = bound(parsed, values)
        _in_index(index, parsed)
        keep = parsed.filter
        page = Page(
            data=data,
            index=index,
            limit=Limit,
            start=ExclusiveStartKey,
            keep=(lambda item: keep(item, bound_values)) if keep else None,
            project=parsed.projection or give_item,
            count_only=Select == "COUNT",
        )

        def effect() -> Answer:
            lag = 0 if ConsistentRead else self._dynamodb.lag(data, index)
            found, size = page.scan(lag)
            return self._read("Scan", index, found, size, consistent=ConsistentRead)

        answer: Answer = self._dynamodb.run("Scan", self._where(index), effect)
        return answer

    def _read(self, operation: str, index: Index | None, found: Answer, size: int, *, consistent: bool) -> Answer:
        if (capacity := self._dynamodb.capacity) is not None:
            capacity.looked_at(operation, self._where(index), size, consistent=consistent)
        return _answer(**found)

    def _where(self, index: Index | None) -> str:
        return self.name if index is None else f"{self.name}/{index.name}"

    def _index(self, data: TableData, name: str | None, consistent: bool) -> Index | None:
        if name is None:
            return None
        if name not in data.indexes:
            raise invalid(f"The table does not have the specified index: {name}")
        if consistent:
            raise invalid("Consistent reads are not supported on global secondary indexes")
        return data.indexes[name]

    # --- write --------------------------------------------------------------------------------------------------------

    def put_item(self, *, Item: Mapping[str, Any], ReturnValues: str = "NONE", **conditions: Any) -> Answer:
        return self._write("PutItem", "Put", ReturnValues, Item=Item, **conditions)

    def update_item(self, *, Key: Mapping[str, Any], ReturnValues: str = "NONE", **expressions: Any) -> Answer:
        return self._write("UpdateItem", "Update", ReturnValues, Key=Key, **expressions)

    def delete_item(self, *, Key: Mapping[str, Any], ReturnValues: str = "NONE", **conditions: Any) -> Answer:
        return self._write("DeleteItem", "Delete", ReturnValues, Key=Key, **conditions)

    def batch_writer(self, overwrite_by_pkeys: list[str] | None = None) -> BatchWriter:
        return BatchWriter(self.name, self.meta.client, overwrite_by_pkeys)

    def _write(self, operation: str, kind: str, returned: str, **request: Any) -> Answer:
        write = Write(kind, self._dynamodb.data(self.name, operation), **request)
        allowed = ("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")
        if returned not in (allowed if kind == "Update" else allowed[:2]):
            raise invalid(f"Return values set to invalid value: {returned}")

        def effect() -> Answer:
            data, capacity = write.data, self._dynamodb.capacity
            old = data.rows.get(write.key)
            try:
                new = write.judge(old)
            except Refused as refused:
                if refused.code != _CONDITION_FAILED:
                    raise client_error("ValidationException", refused.message, operation) from None
                if capacity is not None:
                    capacity.wrote(operation, data, write.key, old, write.offered, done=False)
                more: Any = {"Item": refused.item} if refused.item is not None else {}
                raise client_error("ConditionalCheckFailedException", refused.message, operation, **more) from None
            data.commit(write.key, new)
            if capacity is not None:
                capacity.wrote(operation, data, write.key, old, new)
            return _answer() if returned == "NONE" else _written(returned, write, old, new)

        answer: Answer = self._dynamodb.run(operation, self.name, effect)
        return answer


def _in_index(index: Index | None, parsed: Parsed) -> None:
    """A projection names nothing that the index does not hold."""
    if index is not None and index.projected is not None and (absent := parsed.projected - index.projected):
        message = f"One or more parameter values were invalid: Global secondary index {index.name} does not project "
        raise invalid(f"{message}[{min(absent)}]")


def _written(returned: str, write: Write, old: Row | None, new: Row | None) -> Answer:
    row = new if returned.endswith("NEW") else old
    if row is None:
        return _answer()
    if returned.startswith("ALL"):
        return _answer(Attributes=give_item(row.item))
    changed = {name: give(row.item[name]) for name in write.touched if name in row.item}
    return _answer(Attributes=changed) if changed else _answer()


def _answer(**members: Any) -> Answer:
    members["ResponseMetadata"] = {"HTTPStatusCode": 200, "RetryAttempts": 0}
    return members
