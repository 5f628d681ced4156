"""One write, alone or in a transaction: it checks its request at once, and its row when it takes place."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.conditions import ConditionBase

from local.dynamodb.errors import Refused, invalid
from local.dynamodb.keys import ItemKey
from local.dynamodb.requests import Parsed, Request, bound, parse
from local.dynamodb.sizes import ITEM_LIMIT, size_of, size_of_text
from local.dynamodb.table_data import Row, TableData
from local.dynamodb.values import accept_item, item_to_wire


class Write:
    """Put, Update, Delete or ConditionCheck of one item."""

    __slots__ = ("_item", "_key_item", "_old_on_failure", "_parsed", "_row", "_values", "data", "key", "kind")

    def __init__(
        self,
        kind: str,
        data: TableData,
        *,
        Key: Mapping[str, Any] | None = None,
        Item: Mapping[str, Any] | None = None,
        UpdateExpression: str | None = None,
        ConditionExpression: str | ConditionBase | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> None:
        self.kind, self.data = kind, data
        self._old_on_failure = ReturnValuesOnConditionCheckFailure == "ALL_OLD"
        request = Request(ExpressionAttributeNames, ExpressionAttributeValues)
        condition = request.text(ConditionExpression)
        self._parsed: Parsed = parse(request.names, condition=condition, update=UpdateExpression)
        self._values = bound(self._parsed, request.values)
        self._row: Row | None = None
        self.key: ItemKey
        self._key_item: dict[str, Any]
        if kind == "Put":
            self.key, self._key_item = data.schema.of_item(accept_item(_given(Item, "Item")))
            self._row = _fitting(Row(self._key_item), "Item size has exceeded the maximum allowed size")
        else:
            self.key, self._key_item = data.schema.of_request(_given(Key, "Key"))
        if self._parsed.update is not None:
            for name in self._parsed.update.touched:
                if name in data.schema.names:
                    raise invalid(
                        f"One or more parameter values were invalid: Cannot update attribute {name}."
                        " This attribute is part of the key"
                    )

    @property
    def touched(self) -> tuple[str, ...]:
        """Top-level attributes that an update may change."""
        return self._parsed.update.touched if self._parsed.update else ()

    @property
    def offered(self) -> Row | None:
        """The row of a Put, even if its condition refuses it."""
        return self._row

    def judge(self, old: Row | None) -> Row | None:
        """The row after this write, from the row before it. Raises Refused."""
        condition = self._parsed.condition
        if condition is not None and not condition(old.item if old else {}, self._values):
            item = item_to_wire(old.item) if old is not None and self._old_on_failure else None
            raise Refused("ConditionalCheckFailed", "The conditional request failed", item)
        if self.kind == "ConditionCheck":
            return old
        if self.kind == "Delete":
            return None
        new = self._row or self._updated(old)
        for index in self.data.indexes.values():
            index.place(self.key, new.item)
        return new

    def _updated(self, old: Row | None) -> Row:
        before = Row(self._key_item) if old is None else old
        update = self._parsed.update
        if update is None:
            return before
        item = update.apply(before.item, self._values)
        size = before.size
        for name in update.touched:
            if name in before.item:
                size -= size_of_text(name) + size_of(before.item[name])
            if name in item:
                size += size_of_text(name) + size_of(item[name])
        return _fitting(Row(item, size), "Item size to update has exceeded the maximum allowed size")


def _given(part: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    if part is None:
        raise TypeError(f"Missing required parameter in input: {name!r}")
    return part


def _fitting(row: Row, message: str) -> Row:
    if row.size > ITEM_LIMIT:
        raise invalid(message) if message.startswith("Item size has") else Refused("ValidationError", message)
    return row
