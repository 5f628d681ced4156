"""One UpdateItem, built attribute by attribute; this module alone knows expressions and their placeholders."""

from collections.abc import Mapping
from typing import Any, Self

from ledger.transaction import Operation


class ItemUpdate:
    """A write of one item that grows by clauses and conditions.

    ``change.when(change.equals("state", "open")).set({"state": "closing"})``. Attributes are always named through
    placeholders, so that no name is ever a reserved word.
    """

    def __init__(self, table_name: str, key: Mapping[str, Any]) -> None:
        self._table_name, self._key = table_name, dict(key)
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._clauses: dict[str, list[str]] = {"SET": [], "ADD": [], "DELETE": [], "REMOVE": []}
        self._conditions: list[str] = []

    # --- clauses ------------------------------------------------------------------------------------------------------

    def set(self, values: Mapping[str, Any]) -> Self:
        """Set attributes to these values."""
        for attribute, value in values.items():
            self._clauses["SET"].append(f"{self._name(attribute)} = {self._value(value)}")
        return self

    def add(self, values: Mapping[str, Any]) -> Self:
        """Add to numbers, or members to sets."""
        for attribute, value in values.items():
            self._clauses["ADD"].append(f"{self._name(attribute)} {self._value(value)}")
        return self

    def delete(self, values: Mapping[str, Any]) -> Self:
        """Take members out of sets."""
        for attribute, value in values.items():
            self._clauses["DELETE"].append(f"{self._name(attribute)} {self._value(value)}")
        return self

    def remove(self, *attributes: str) -> Self:
        """Remove whole attributes."""
        self._clauses["REMOVE"] += map(self._name, attributes)
        return self

    def when(self, *conditions: str) -> Self:
        """Write only if all of these conditions hold, those of earlier calls included."""
        self._conditions += conditions
        return self

    # --- conditions ---------------------------------------------------------------------------------------------------

    def equals(self, attribute: str, value: Any) -> str:
        """The condition that an attribute has this value."""
        return f"{self._name(attribute)} = {self._value(value)}"

    def one_of(self, attribute: str, *values: Any) -> str:
        """The condition that an attribute has one of these values."""
        return f"{self._name(attribute)} IN ({', '.join(map(self._value, values))})"

    def exists(self, attribute: str) -> str:
        """The condition that the item has this attribute."""
        return f"attribute_exists({self._name(attribute)})"

    def absent(self, attribute: str) -> str:
        """The condition that the item does not have this attribute."""
        return f"attribute_not_exists({self._name(attribute)})"

    def absent_or(self, attribute: str, condition: str) -> str:
        """The condition that the item does not have this attribute, or that ``condition`` holds."""
        return f"(attribute_not_exists({self._name(attribute)}) OR {condition})"

    def less(self, attribute: str, value: Any) -> str:
        """The condition that an attribute is less than this value."""
        return f"{self._name(attribute)} < {self._value(value)}"

    def unchanged(self, version: int) -> str:
        """The condition that no other writer has written since that ``version`` was read; 0: none ever has."""
        return self.equals("version", version) if version else self.absent("version")

    def contains(self, attribute: str, member: Any) -> str:
        """The condition that a set has this member."""
        return f"contains({self._name(attribute)}, {self._value(member)})"

    def compared(self, attribute: str, key: str, sign: str, value: Any) -> str:
        """The condition that what a map has under a key compares so: ``compared("verdict", "rank", "<", 2)``."""
        return f"{self._name(attribute)}.{self._name(key)} {sign} {self._value(value)}"

    # --- result -------------------------------------------------------------------------------------------------------

    def request(self) -> dict[str, Any]:
        """The arguments of ``Table.update_item``."""
        clauses = [f"{clause} {', '.join(parts)}" for clause, parts in self._clauses.items() if parts]
        request: dict[str, Any] = {"Key": self._key, "UpdateExpression": " ".join(clauses)}
        if self._conditions:
            request["ConditionExpression"] = " AND ".join(self._conditions)
        request["ExpressionAttributeNames"] = {short: name for name, short in self._names.items()}
        if self._values:
            request["ExpressionAttributeValues"] = dict(self._values)
        return request

    def operation(self) -> Operation:
        """The same write as part of a transaction."""
        return {"Update": {"TableName": self._table_name, **self.request()}}

    # --- placeholders -------------------------------------------------------------------------------------------------

    def _name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def _value(self, value: Any) -> str:
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = value
        return placeholder
