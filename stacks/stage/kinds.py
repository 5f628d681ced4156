"""The kinds of values that stage files hold. Each reads a value, refuses a wrong one in one line, and describes itself.

The description is JSON Schema (draft 7), which editors check a file with while it is written, and the words for the
table of keys in docs/deploy.md.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

from stacks.stage.faults import Where

#: More than anybody sells, and few enough digits that every later sum is exact (DynamoDB keeps 38).
LARGEST_AMOUNT = 1_000_000_000_000_000
FRACTION_DIGITS = 6
UNLIMITED = -1
#: The default of a key that has none.
REQUIRED: Final = object()

Schema = dict[str, Any]


class Kind(Protocol):
    """One kind of values. remedy: what to write instead of a wrong value, or where the key is missing."""

    @property
    def remedy(self) -> str: ...

    @property
    def values(self) -> str:
        """The accepted values, in the words of the documentation."""

    def read(self, value: Any, where: Where) -> Any:
        """The value as the stage holds it. Raises StageError."""

    def schema(self) -> Schema:
        """What a JSON Schema can say of the kind."""


@dataclass(frozen=True)
class Key:
    """A key of a table. about: its description. default: its value where it is left out.

    field: the name of the value in the object that the table becomes; without it the key's name in snake case.
    """

    kind: Kind
    about: str
    default: Any = REQUIRED
    field: str | None = None


Keys = Mapping[str, Key]


def read_keys(keys: Keys, values: Mapping[str, Any], at: Callable[[str], Where]) -> dict[str, Any]:
    """The values of a table, by field. ``at`` tells where a key stands. Raises StageError, also for an unknown key."""
    for name in values:
        if name not in keys:
            known = ", ".join(sorted(keys))
            raise at(name).fault("is not a known key", f"remove it or correct its spelling (known here: {known})")
    found = {}
    for name, key in keys.items():
        if name not in values and key.default is REQUIRED:
            raise at(name).fault("is missing", key.kind.remedy)
        value = key.kind.read(values[name], at(name)) if name in values else key.default
        found[key.field or re.sub("(?=[A-Z])", "_", name).lower()] = value
    return found


def keys_schema(keys: Keys) -> Schema:
    """The schema of a table with these keys."""
    properties = {}
    for name, key in keys.items():
        properties[name] = {**key.kind.schema(), "description": key.about}
        if key.default not in (REQUIRED, None, (), {}):
            properties[name]["default"] = key.default
    required = [name for name, key in keys.items() if key.default is REQUIRED]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


@dataclass(frozen=True)
class Text:
    """A text of one form."""

    pattern: str
    remedy: str
    values: str

    def read(self, value: Any, where: Where) -> str:
        _expect(str, value, "text", where, self.remedy)
        if not re.fullmatch(self.pattern, value):
            raise where.fault(f"is {value!r}" if value else "is empty", self.remedy)
        return str(value)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class OneOf:
    """One of a few words or whole numbers. words: for the documentation, where the values are too many to list."""

    choices: tuple[str | int, ...]
    words: str = ""

    @property
    def remedy(self) -> str:
        return f"set it to one of {', '.join(map(str, self.choices))}"

    @property
    def values(self) -> str:
        return self.words or ", ".join(f"`{choice}`" for choice in self.choices)

    def read(self, value: Any, where: Where) -> str | int:
        kind = type(self.choices[0])
        _expect(kind, value, "text" if kind is str else "a whole number", where, self.remedy)
        if value not in self.choices:
            raise where.fault(f"is {_shown(repr(value))}", self.remedy)
        return kind(value)

    def schema(self) -> Schema:
        return {"enum": list(self.choices)}


@dataclass(frozen=True)
class Flag:
    """True or false."""

    remedy: str = "set it to true or false"
    values: str = "`true`, `false`"

    def read(self, value: Any, where: Where) -> bool:
        _expect(bool, value, "true or false", where, self.remedy)
        return bool(value)

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, both included."""

    lowest: int
    highest: int

    @property
    def remedy(self) -> str:
        return f"set it to a whole number from {self.lowest} to {self.highest}"

    @property
    def values(self) -> str:
        return f"{self.lowest:,} to {self.highest:,}"

    def read(self, value: Any, where: Where) -> int:
        _expect(int, value, "a whole number", where, self.remedy)
        if not self.lowest <= value <= self.highest:
            raise where.fault(f"is {_shown(value)}", self.remedy)
        return int(value)

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.lowest, "maximum": self.highest}


@dataclass(frozen=True)
class Amount:
    """An amount above 0, with at most six fraction digits."""

    remedy: str
    values: str = "amount"

    def read(self, value: Any, where: Where) -> Decimal:
        _expect((int, Decimal), value, "a number", where, self.remedy)
        if not (_is_plain(value) and value > 0):
            raise where.fault(f"is {_shown(value)}", self.remedy)
        return Decimal(value)

    def schema(self) -> Schema:
        return {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_AMOUNT}


@dataclass(frozen=True)
class Quantities:
    """A table of quantities by name; -1 is unlimited."""

    remedy: str
    values: str

    def read(self, value: Any, where: Where) -> dict[str, Decimal]:
        _expect(dict, value, "a table", where, self.remedy)
        for name, number in value.items():
            is_number = isinstance(number, int | Decimal) and not isinstance(number, bool)
            if not is_number or not _is_plain(number) or (number < 0 and number != UNLIMITED):
                raise where.inside(name).fault(f"is {_shown(number)}", self.remedy)
        return {name: Decimal(number) for name, number in value.items()}

    def schema(self) -> Schema:
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
        _expect(list, value, "a list", where, self.remedy)
        for entry in value:
            if not isinstance(entry, str):
                raise where.fault(f"is {_shown(repr(value))}, not a list of texts", self.remedy)
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
        entry = {"type": "string", "pattern": f"^(?:{self.pattern})$"}
        found: Schema = {"type": "array", "items": entry, "uniqueItems": True}
        if self.at_least:
            found["minItems"] = self.at_least
        return found if self.at_most is None else {**found, "maxItems": self.at_most}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with keys of its own. make: the object that its values become, by field."""

    keys: Keys
    make: Callable[..., Any]
    remedy: str
    values: str = "table"

    def read(self, value: Any, where: Where) -> Any:
        _expect(dict, value, "a table", where, self.remedy)
        return self.make(**read_keys(self.keys, value, where.inside))

    def schema(self) -> Schema:
        return keys_schema(self.keys)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A list of tables (``[[...]]``)."""

    entry: Table

    @property
    def remedy(self) -> str:
        return self.entry.remedy

    @property
    def values(self) -> str:
        return "list of tables"

    def read(self, value: Any, where: Where) -> tuple[Any, ...]:
        _expect(list, value, "a list of tables", where, self.remedy)
        return tuple(self.entry.read(entry, where.item(number)) for number, entry in enumerate(value))

    def schema(self) -> Schema:
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
        return self.entry.values

    def read(self, value: Any, where: Where) -> dict[str, Any]:
        _expect(dict, value, "a table", where, self.remedy)
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
        found: Schema = {"type": "object", "minProperties": 1, "propertyNames": {"pattern": f"^(?:{self.pattern})$"}}
        if self.at_most is not None:
            found["maxProperties"] = self.at_most
        return {**found, "additionalProperties": self.entry.schema()}


def _expect(kind: type | tuple[type, ...], value: Any, word: str, where: Where, remedy: str) -> None:
    # A bool is an int in Python, and not in a stage file.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise where.fault(f"is {_shown(repr(value))}, not {word}", remedy)


def _is_plain(value: int | Decimal) -> bool:
    """False for NaN, infinity, numbers that nobody means and more than six fraction digits."""
    number = Decimal(value)
    if not number.is_finite() or abs(number) > LARGEST_AMOUNT:
        return False
    return number == round(number, FRACTION_DIGITS)


def _shown(value: object) -> str:
    """A value in a message, cut: a file may hold a number of thousands of digits."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
