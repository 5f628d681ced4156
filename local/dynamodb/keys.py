"""The keys of tables and indexes, and DynamoDB's checks of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local.dynamodb.errors import Refused, invalid
from local.dynamodb.values import accept, type_of

#: HASH and RANGE value; RANGE is None where the table has none.
ItemKey = tuple[Any, Any]

_TYPES: dict[str, type] = {"S": str, "N": Decimal, "B": bytes}


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    """One attribute of a key; ``letter`` is its type: S, N or B."""

    name: str
    letter: str

    def check(self, value: Any) -> None:
        """Raises ValidationException unless this key attribute may have the value."""
        if type(value) is not _TYPES[self.letter]:
            raise invalid(
                f"One or more parameter values were invalid: Type mismatch for key {self.name}"
                f" expected: {self.letter} actual: {type_of(value)}"
            )
        if value == "" or value == b"":
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an"
                f" empty {'string' if self.letter == 'S' else 'binary'} value. Key: {self.name}"
            )

    def indexed(self, item: Mapping[str, Any], index: str) -> Any:
        """The item's value for an index; None if it has none. Raises Refused for a value that no index can have."""
        value = item.get(self.name)
        if value is None and self.name not in item:
            return None
        if type(value) is not _TYPES[self.letter]:
            raise Refused(
                "ValidationError",
                f"One or more parameter values were invalid: Type mismatch for Index Key {self.name}"
                f" Expected: {self.letter} Actual: {type_of(value)} IndexName: {index}",
            )
        if value == "" or value == b"":
            raise Refused(
                "ValidationError",
                "One or more parameter values are not valid. A value specified for a secondary index key is not"
                " supported. The AttributeValue for a key attribute cannot contain an empty string value."
                f" IndexName: {index}, IndexKey: {self.name}",
            )
        return value


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The key of a table or an index; ``range`` is None where only HASH makes the key."""

    hash: KeyAttribute
    range: KeyAttribute | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the key's attributes, HASH first."""
        return (self.hash.name,) if self.range is None else (self.hash.name, self.range.name)

    def of_request(self, key: Mapping[str, Any]) -> tuple[ItemKey, dict[str, Any]]:
        """The key of a request's ``Key``, and its attributes. Raises ValidationException."""
        if len(key) != (1 if self.range is None else 2):
            raise invalid("The provided key element does not match the schema")
        return self.of_item({name: accept(value) for name, value in key.items()}, in_key=True)

    def of_item(self, item: dict[str, Any], *, in_key: bool = False) -> tuple[ItemKey, dict[str, Any]]:
        """The key of an item in canonical form, and the item. Raises ValidationException."""
        values: list[Any] = []
        for attribute in (self.hash, self.range):
            if attribute is None:
                values.append(None)
                continue
            if attribute.name not in item:
                if in_key:
                    raise invalid("The provided key element does not match the schema")
                raise invalid(
                    f"One or more parameter values were invalid: Missing the key {attribute.name} in the item"
                )
            attribute.check(item[attribute.name])
            values.append(item[attribute.name])
        return (values[0], values[1]), item
