"""A table with the methods of boto3's resource."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import ConditionBase
from boto3.dynamodb.table import BatchWriter

from local.dynamodb.errors import Refused, client_error, invalid
from local.dynamodb.indexes import Index
from local.dynamodb.key_conditions import split
from local.dynamodb.reads import Page
from local.dynamodb.requests import Parsed, Request, bound, parse
from local.dynamodb.table_data import Row, TableData, View
from local.dynamodb.values import give, give_item
from local.dynamodb.writes import Write

if TYPE_CHECKING:
    from local.dynamodb.store import MemoryDynamoDB

Answer = dict[str, Any]

_CONDITION_FAILED = "ConditionalCheckFailed"


class MemoryTable:
    """boto3's ``DynamoDB.Table``, with a TypeError for parameters that our code does not use."""

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
        """The item of a key under ``Item``, which is absent if there is no such item."""
        data = self._dynamodb.data(self.name, "GetItem")
        project = parse(ExpressionAttributeNames, projection=ProjectionExpression).projection or give_item
        key, _ = data.schema.of_request(Key)

        def effect() -> Answer:
            lag = 0 if ConsistentRead else self._dynamodb.lag(data, None)
            row = View(data, None, lag).row(key) if lag else data.rows.get(key)
            if (capacity := self._dynamodb.capacity) is not None:
                capacity.looked_at("GetItem", self.name, row.size if row else 0, consistent=ConsistentRead)
            return _answer() if row is None else _answer(Item=project(row.item))

        return self._dynamodb.run("GetItem", self.name, effect)

    def query(
        self, *, KeyConditionExpression: str | ConditionBase, ScanIndexForward: bool = True, **request: Any
    ) -> Answer:
        """One page of the items whose keys satisfy the condition, in the order of their RANGE values."""
        return self._page("Query", KeyConditionExpression, ScanIndexForward, **request)

    def scan(self, **request: Any) -> Answer:
        """One page of all items."""
        return self._page("Scan", None, True, **request)

    def _page(
        self,
        operation: str,
        key_condition: str | ConditionBase | None,
        forward: bool,
        /,
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
        data = self._dynamodb.data(self.name, operation)
        index = self._index(data, IndexName, ConsistentRead)
        request = Request(ExpressionAttributeNames, ExpressionAttributeValues)
        key_text = request.text(key_condition, is_key=True)
        filter_text = request.text(FilterExpression)
        parsed = parse(request.names, projection=ProjectionExpression, filter=filter_text, key=key_text)
        values = bound(parsed, request.values)
        terms = None
        if parsed.key is not None:
            schema = index.schema if index else data.schema
            terms = split(parsed.key(values), schema)
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
            forward=forward,
            keep=(lambda item: keep(item, values)) if keep else None,
            project=parsed.projection or give_item,
            count_only=Select == "COUNT",
        )
        where = self.name if index is None else f"{self.name}/{index.name}"

        def effect() -> Answer:
            lag = 0 if ConsistentRead else self._dynamodb.lag(data, index)
            found, size = page.scan(lag) if terms is None else page.query(lag, *terms)
            if (capacity := self._dynamodb.capacity) is not None:
                capacity.looked_at(operation, where, size, consistent=ConsistentRead)
            return _answer(**found)

        return self._dynamodb.run(operation, where, effect)

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
        """Stores an item in the place of the one with its key. Raises ConditionalCheckFailedException if the condition
        fails."""
        return self._write("PutItem", "Put", ReturnValues, Item=Item, **conditions)

    def update_item(self, *, Key: Mapping[str, Any], ReturnValues: str = "NONE", **expressions: Any) -> Answer:
        """Changes the item of a key, or creates it. Raises ConditionalCheckFailedException if the condition fails."""
        return self._write("UpdateItem", "Update", ReturnValues, Key=Key, **expressions)

    def delete_item(self, *, Key: Mapping[str, Any], ReturnValues: str = "NONE", **conditions: Any) -> Answer:
        """Deletes the item of a key, if there is one. Raises ConditionalCheckFailedException if the condition fails."""
        return self._write("DeleteItem", "Delete", ReturnValues, Key=Key, **conditions)

    def batch_writer(self, overwrite_by_pkeys: list[str] | None = None) -> BatchWriter:
        """boto3's own batch writer over ``batch_write_item``."""
        client: Any = self.meta.client  # It has the one method that boto3's writer calls.
        return BatchWriter(self.name, client, overwrite_by_pkeys=overwrite_by_pkeys)

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

        return self._dynamodb.run(operation, self.name, effect)


def _in_index(index: Index | None, parsed: Parsed) -> None:
    """Raises ValidationException if a projection names an attribute that the index does not hold."""
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
