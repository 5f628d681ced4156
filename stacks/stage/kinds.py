"""The kinds of values that stage files hold: what all have in common, and the kinds of single values.

Each kind reads a value, refuses a wrong one in one line, and describes itself. ``compound_kinds`` has those of tables
and lists.

The description is JSON Schema (draft 7), which editors check a file with while a person writes it, and the words for
the table of keys in docs/deploy.md.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

from stacks.stage.faults import Where

#: More than any seller sells, and few enough digits that every later sum is exact (DynamoDB keeps 38).
LARGEST_AMOUNT = 1_000_000_000_000_000
FRACTION_DIGITS = 6
#: The default of a key that has none.
REQUIRED: Final = object()

Schema = dict[str, Any]


class Kind(Protocol):
    """One kind of values."""

    @property
    def remedy(self) -> str:
        """What to write instead of a wrong value, or where the key is missing."""

    @property
    def values(self) -> str:
        """The accepted values, in the words of the documentation."""

    def read(self, value: Any, where: Where) -> Any:
        """The value as the stage holds it. Raises StageError for a wrong one."""

    def schema(self) -> Schema:
        """The JSON Schema of the kind, as far as one can describe it."""


@dataclass(frozen=True)
class Key:
    """A key of a table. about: its description. default: its value where the file leaves it out.

    field: the name of the value in the object that the table becomes; without it the key's name in snake case.
    """

    kind: Kind
    about: str
    default: Any = REQUIRED
    field: str | None = None


Keys = Mapping[str, Key]


def read_keys(keys: Keys, values: Mapping[str, Any], at: Callable[[str], Where]) -> dict[str, Any]:
    """The values of a table, by field. at: the place of a key in its file.

    Raises StageError for an unknown key, a missing one and a wrong value.
    """
    for name in values:
        if name not in keys:
            known = ", ".join(sorted(keys))
            raise at(name).fault("is not a known key", f"remove it or correct its spelling (known here: {known})")
    found = {}
    for name, key in keys.items():
        if name not in values and key.default is REQUIRED:
            raise at(name).fault("is missing", key.kind.remedy)
        value = key.kind.read(values[name], at(name)) if name in values else key.default
        found[field_of(name, key)] = value
    return found


def field_of(name: str, key: Key) -> str:
    """The name of a key's value in the object that the table becomes."""
    return key.field or re.sub("(?=[A-Z])", "_", name).lower()


def fields_of(keys: Keys) -> list[str]:
    """The names of all keys' values."""
    return [field_of(name, key) for name, key in keys.items()]


def keys_schema(keys: Keys) -> Schema:
    """The schema of a table with these keys."""
    properties = {}
    for name, key in keys.items():
        properties[name] = {**key.kind.schema(), "description": key.about}
        if isinstance(key.default, str | int):
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
        """The text. Raises StageError for another type or form."""
        expect(str, value, "text", where, self.remedy)
        if not re.fullmatch(self.pattern, value):
            raise where.fault(f"is {value!r}" if value else "is empty", self.remedy)
        return str(value)

    def schema(self) -> Schema:
        """The schema of a text of the form."""
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class OneOf:
    """One of a few words or whole numbers. words: for the documentation, where the values are too many to list."""

    choices: tuple[str | int, ...]
    words: str = ""

    @property
    def remedy(self) -> str:
        """The choices, as a proposal."""
        return f"set it to one of {', '.join(map(str, self.choices))}"

    @property
    def values(self) -> str:
        """The words for the documentation, or the choices."""
        return self.words or ", ".join(f"`{choice}`" for choice in self.choices)

    def read(self, value: Any, where: Where) -> str | int:
        """The choice. Raises StageError for anything else."""
        kind = type(self.choices[0])
        expect(kind, value, "text" if kind is str else "a whole number", where, self.remedy)
        if value not in self.choices:
            raise where.fault(f"is {shown(repr(value))}", self.remedy)
        return kind(value)

    def schema(self) -> Schema:
        """The schema of the choices."""
        return {"enum": list(self.choices)}


@dataclass(frozen=True)
class Flag:
    """True or false."""

    remedy: str = "set it to true or false"
    values: str = "`true`, `false`"

    def read(self, value: Any, where: Where) -> bool:
        """The boolean. Raises StageError for another type."""
        expect(bool, value, "true or false", where, self.remedy)
        return bool(value)

    def schema(self) -> Schema:
        """The schema of a boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, both included."""

    lowest: int
    highest: int

    @property
    def remedy(self) -> str:
        """The bounds, as a proposal."""
        return f"set it to a whole number from {self.lowest} to {self.highest}"

    @property
    def values(self) -> str:
        """The bounds, as the documentation has them."""
        return f"{self.lowest:,} to {self.highest:,}"

    def read(self, value: Any, where: Where) -> int:
        """The number. Raises StageError for another type or a number out of bounds."""
        expect(int, value, "a whole number", where, self.remedy)
        if not self.lowest <= value <= self.highest:
            raise where.fault(f"is {shown(value)}", self.remedy)
        return int(value)

    def schema(self) -> Schema:
        """The schema of a whole number within the bounds."""
        return {"type": "integer", "minimum": self.lowest, "maximum": self.highest}


@dataclass(frozen=True)
class Amount:
    """An amount above 0, with at most six fraction digits."""

    remedy: str
    values: str = "amount"

    def read(self, value: Any, where: Where) -> Decimal:
        """The amount. Raises StageError for another type, a number not above 0 and one that is not plain."""
        expect((int, Decimal), value, "a number", where, self.remedy)
        if not (is_plain(value) and value > 0):
            raise where.fault(f"is {shown(value)}", self.remedy)
        return Decimal(value)

    def schema(self) -> Schema:
        """The schema of an amount above 0; ``read`` alone checks the fraction digits."""
        return {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_AMOUNT}


def expect(kind: type | tuple[type, ...], value: Any, word: str, where: Where, remedy: str) -> None:
    """Check a value's type. word: what the value should be, in the error's text. Raises StageError for another type."""
    # A bool is an int in Python, and not in a stage file.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise where.fault(f"is {shown(repr(value))}, not {word}", remedy)


def is_plain(value: int | Decimal) -> bool:
    """Whether a number is finite, has at most six fraction digits and is one that a seller may mean."""
    number = Decimal(value)
    if not number.is_finite() or abs(number) > LARGEST_AMOUNT:
        return False
    return number == round(number, FRACTION_DIGITS)


def shown(value: object) -> str:
    """A value in a message, cut: a file may hold a number of thousands of digits."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
