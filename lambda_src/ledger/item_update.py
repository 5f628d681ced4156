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
        self._values: list[Any] = []
        self._clauses: dict[str, list[str]] = {"SET": [], "ADD": [], "DELETE": [], "REMOVE": []}
        self._conditions: list[str] = []

    # --- clauses ------------------------------------------------------------------------------------------------------

    def set(self, values: Mapping[str, Any]) -> Self:
        return self._each("SET", "{} = {}", values)

    def add(self, values: Mapping[str, Any]) -> Self:
        """Add to numbers, or members to sets."""
        return self._each("ADD", "{} {}", values)

    def delete(self, values: Mapping[str, Any]) -> Self:
        """Take members out of sets."""
        return self._each("DELETE", "{} {}", values)

    def remove(self, *attributes: str) -> Self:
        self._clauses["REMOVE"] += map(self.name, attributes)
        return self

    def when(self, *conditions: str) -> Self:
        """All conditions must hold, those of earlier calls included."""
        self._conditions += conditions
        return self

    # --- conditions ---------------------------------------------------------------------------------------------------

    def equals(self, attribute: str, value: Any) -> str:
        return f"{self.name(attribute)} = {self.value(value)}"

    def one_of(self, attribute: str, *values: Any) -> str:
        return f"{self.name(attribute)} IN ({', '.join(map(self.value, values))})"

    def exists(self, attribute: str) -> str:
        return f"attribute_exists({self.name(attribute)})"

    def absent(self, attribute: str) -> str:
        return f"attribute_not_exists({self.name(attribute)})"

    def absent_or(self, attribute: str, condition: str) -> str:
        return f"({self.absent(attribute)} OR {condition})"

    def unchanged(self, version: int) -> str:
        """Nobody has written since that ``version`` was read; 0: nobody ever has."""
        return self.equals("version", version) if version else self.absent("version")

    def name(self, *path: str) -> str:
        """The placeholder of an attribute, or of what lies below it on the path."""
        return ".".join(self._names.setdefault(part, f"#{len(self._names)}") for part in path)

    def value(self, value: Any) -> str:
        """The placeholder of a value."""
        self._values.append(value)
        return f":{len(self._values) - 1}"

    # --- result -------------------------------------------------------------------------------------------------------

    def request(self) -> dict[str, Any]:
        """The arguments of ``Table.update_item``."""
        clauses = [f"{clause} {', '.join(parts)}" for clause, parts in self._clauses.items() if parts]
        request: dict[str, Any] = {"Key": self._key, "UpdateExpression": " ".join(clauses)}
        if self._conditions:
            request["ConditionExpression"] = " AND ".join(self._conditions)
        request["ExpressionAttributeNames"] = {short: name for name, short in self._names.items()}
        if self._values:
            request["ExpressionAttributeValues"] = {f":{n}": value for n, value in enumerate(self._values)}
        return request

    def operation(self) -> Operation:
        """The same write as part of a transaction."""
        return {"Update": {"TableName": self._table_name, **self.request()}}

    def _each(self, clause: str, form: str, values: Mapping[str, Any]) -> Self:
        self._clauses[clause] += [form.format(self.name(name), self.value(value)) for name, value in values.items()]
        return self
