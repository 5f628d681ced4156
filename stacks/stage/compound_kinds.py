"""The kinds of tables and lists in stage files, whose entries are of other kinds."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from stacks.stage.faults import Where
from stacks.stage.kinds import LARGEST_AMOUNT, Keys, Kind, Schema, expect, is_plain, keys_schema, read_keys, shown

#: The quantity that stands for "as much as the buyer uses".
UNLIMITED = -1


@dataclass(frozen=True)
class Quantities:
    """A table of quantities by name; -1 is unlimited."""

    remedy: str
    values: str

    def read(self, value: Any, where: Where) -> dict[str, Decimal]:
        """The quantities by name. Raises StageError for another type, a negative number but -1 and one that is not
        plain."""
        expect(dict, value, "a table", where, self.remedy)
        for name, number in value.items():
            is_number = isinstance(number, int | Decimal) and not isinstance(number, bool)
            if not is_number or not is_plain(number) or (number < 0 and number != UNLIMITED):
                raise where.inside(name).fault(f"is {shown(number)}", self.remedy)
        return {name: Decimal(number) for name, number in value.items()}

    def schema(self) -> Schema:
        """The schema of a table of quantities."""
        quantity = {"type": "number", "minimum": 0, "maximum": LARGEST_AMOUNT}
        return {"type": "object", "additionalProperties": {"anyOf": [quantity, {"const": UNLIMITED}]}}


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A list of texts of one form, none of them twice."""

    pattern: str
    remedy: str
    values: str
    at_least: int = 0
    at_most: int | None = None

    def read(self, value: Any, where: Where) -> tuple[str, ...]:
        """The texts, in their order. Raises StageError for another type, a wrong or repeated text, too few and too
        many."""
        expect(list, value, "a list", where, self.remedy)
        for entry in value:
            if not isinstance(entry, str):
                raise where.fault(f"is {shown(repr(value))}, not a list of texts", self.remedy)
            if not re.fullmatch(self.pattern, entry):
                raise where.fault(f"holds {entry!r}", self.remedy)
            if value.count(entry) > 1:
                raise where.fault(f"holds {entry!r} twice", "name it once")
        if len(value) < self.at_least:
            raise where.fault("is empty", self.remedy)
        if self.at_most is not None and len(value) > self.at_most:
            raise where.fault(f"holds {len(value)} entries", self.remedy)
        return tuple(value)

    def schema(self) -> Schema:
        """The schema of a list of such texts, none of them twice."""
        entry = {"type": "string", "pattern": f"^(?:{self.pattern})$"}
        found: Schema = {"type": "array", "items": entry, "uniqueItems": True}
        if self.at_least:
            found["minItems"] = self.at_least
        return found if self.at_most is None else {**found, "maxItems": self.at_most}


@dataclass(frozen=True)
class Wholes:
    """A list of whole numbers within bounds, none of them twice."""

    lowest: int
    highest: int
    remedy: str
    at_most: int

    @property
    def values(self) -> str:
        """The bounds, as the documentation has them."""
        return f"list of at most {self.at_most} whole numbers from {self.lowest} to {self.highest}"

    def read(self, value: Any, where: Where) -> tuple[int, ...]:
        """The numbers, in their order. Raises StageError for another type, a number out of bounds or given twice, and
        too many."""
        expect(list, value, "a list", where, self.remedy)
        for entry in value:
            expect(int, entry, "a whole number", where, self.remedy)
            if not self.lowest <= entry <= self.highest:
                raise where.fault(f"holds {shown(entry)}", self.remedy)
            if value.count(entry) > 1:
                raise where.fault(f"holds {entry} twice", "name it once")
        if len(value) > self.at_most:
            raise where.fault(f"holds {len(value)} entries", self.remedy)
        return tuple(value)

    def schema(self) -> Schema:
        """The schema of a list of such numbers."""
        entry = {"type": "integer", "minimum": self.lowest, "maximum": self.highest}
        return {"type": "array", "items": entry, "uniqueItems": True, "maxItems": self.at_most}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with keys of its own. make: builds the object from the values, by field."""

    keys: Keys
    make: Callable[..., Any]
    remedy: str
    values: str = "table"

    def read(self, value: Any, where: Where) -> Any:
        """The object that ``make`` builds. Raises StageError for another type and for faults of its keys."""
        expect(dict, value, "a table", where, self.remedy)
        return self.make(**read_keys(self.keys, value, where.inside))

    def schema(self) -> Schema:
        """The schema of a table with the keys."""
        return keys_schema(self.keys)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A list of tables (``[[...]]``)."""

    entry: Table

    @property
    def remedy(self) -> str:
        """The remedy of an entry."""
        return self.entry.remedy

    @property
    def values(self) -> str:
        """The words for a list of tables in the documentation."""
        return "list of tables"

    def read(self, value: Any, where: Where) -> tuple[Any, ...]:
        """The entries' objects, in their order. Raises StageError for another type and for faults of an entry."""
        expect(list, value, "a list of tables", where, self.remedy)
        return tuple(self.entry.read(entry, where.item(number)) for number, entry in enumerate(value))

    def schema(self) -> Schema:
        """The schema of a list of such tables."""
        return {"type": "array", "items": self.entry.schema()}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A table whose keys are names that the file's author gives."""

    pattern: str
    name_remedy: str
    entry: Kind
    remedy: str
    at_most: int | None = None

    @property
    def values(self) -> str:
        """The accepted values of an entry, since the names are free."""
        return self.entry.values

    def read(self, value: Any, where: Where) -> dict[str, Any]:
        """The entries by name. Raises StageError for another type, no entry, too many, a wrong name and faults of an
        entry."""
        expect(dict, value, "a table", where, self.remedy)
        if not value:
            raise where.fault("is empty", "add an entry")
        found = {}
        for name, each in value.items():
            if not re.fullmatch(self.pattern, name):
                raise where.inside(name).fault("is no usable name", self.name_remedy)
            found[name] = self.entry.read(each, where.inside(name))
        if self.at_most is not None and len(value) > self.at_most:
            raise where.fault(f"holds {len(value)} entries", f"keep at most {self.at_most}")
        return found

    def schema(self) -> Schema:
        """The schema of a table with entries of one kind."""
        found: Schema = {"type": "object", "minProperties": 1, "propertyNames": {"pattern": f"^(?:{self.pattern})$"}}
        if self.at_most is not None:
            found["maxProperties"] = self.at_most
        return {**found, "additionalProperties": self.entry.schema()}
