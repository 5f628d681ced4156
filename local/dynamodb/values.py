"""Values: the store accepts those of boto3's resource, keeps them in one canonical form, and gives copies.

The store replaces values and never changes them, so that an old and a new item may share parts. Canonical types:
``str``, ``bool``, ``None``, ``Decimal`` (without trailing zeros), ``bytes``, ``list``, ``dict``, ``frozenset``. The
checks of types and numbers are those of ``boto3.dynamodb.types.TypeSerializer``.
"""

from collections.abc import Callable, Mapping, Set
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any

from boto3.dynamodb.types import DYNAMODB_CONTEXT, Binary

from local.dynamodb.errors import Refused, invalid

#: Arithmetic of 38 digits, which refuses a result that does not fit and never rounds.
ARITHMETIC = Context(prec=38, Emin=-128, Emax=126, traps=[Inexact, InvalidOperation, Overflow])
_PLAIN_INTEGERS = Context(prec=130)
_ONE = Decimal(1)


class _Missing:
    """The value of a path that an item does not have."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


def accept(value: Any) -> Any:
    """A caller's value as a canonical copy. Raises TypeError as boto3 does."""
    kind = type(value)
    if kind is str:
        return value
    convert = _ACCEPT.get(kind)
    return convert(value) if convert is not None else _accept_other(value)


def accept_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of a caller in stored form; see ``accept``."""
    return {name: value if type(value) is str else accept(value) for name, value in item.items()}


def give(value: Any) -> Any:
    """A copy of a stored value for a caller, in boto3's types."""
    convert = _GIVE.get(type(value))
    return value if convert is None else convert(value)


def give_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a stored item for a caller; see ``give``."""
    return {name: value if (give := _GIVE.get(type(value))) is None else give(value) for name, value in item.items()}


def to_wire(value: Any) -> dict[str, Any]:
    """A stored value in DynamoDB JSON, for an error's ``Item``."""
    kind = type(value)
    if kind is dict:
        return {"M": item_to_wire(value)}
    if kind is list:
        return {"L": [to_wire(part) for part in value]}
    if kind is frozenset:
        letter = type_of(value)
        return {letter: sorted(map(_number_text, value) if letter == "NS" else value)}
    if kind is Decimal:
        return {"N": _number_text(value)}
    return {"NULL": True} if value is None else {_LETTERS[kind]: value}


def item_to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """A stored item in DynamoDB JSON; see ``to_wire``."""
    return {name: to_wire(value) for name, value in item.items()}


def type_of(value: Any) -> str:
    """DynamoDB's letter of a stored value's type."""
    if type(value) is frozenset:
        return f"{_LETTERS[type(next(iter(value)))]}S"
    return _LETTERS[type(value)]


def equal(one: Any, other: Any) -> bool:
    """Whether DynamoDB takes the values as equal: of one type (True is not 1) at any depth. Nothing equals MISSING."""
    kind = type(one)
    if kind is not type(other) or one is MISSING:
        return False
    if kind is dict:
        return one.keys() == other.keys() and all(equal(part, other[name]) for name, part in one.items())
    if kind is list:
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


@lru_cache(maxsize=1 << 16)
def number(value: int | Decimal) -> Decimal:
    """The canonical form of a number. Raises decimal.Inexact or Rounded beyond 38 digits, as boto3 does."""
    exact = DYNAMODB_CONTEXT.create_decimal(value)
    if not exact.is_finite():
        raise TypeError("Infinity and NaN not supported")
    return trimmed(exact)


def trimmed(value: Decimal) -> Decimal:
    """The number without trailing zeros after the point and without an exponent, as DynamoDB returns it."""
    short = value.normalize(ARITHMETIC)
    exponent: Any = short.as_tuple().exponent
    return short.quantize(_ONE, context=_PLAIN_INTEGERS) if exponent > 0 else short


def add(one: Decimal, other: Decimal, *, minus: bool = False) -> Decimal:
    """The exact sum or difference. Raises Refused where 38 digits cannot hold it."""
    try:
        return trimmed(ARITHMETIC.subtract(one, other) if minus else ARITHMETIC.add(one, other))
    except (Inexact, Overflow):
        message = "Number overflow. Attempting to store a number with magnitude larger than supported range"
        raise Refused("ValidationError", message) from None


def _number_text(value: Decimal) -> str:
    return format(value, "f")


def _accept_set(value: Set[Any]) -> frozenset[Any]:
    parts = frozenset(accept(part) for part in value)
    kinds = {type(part) for part in parts}
    if not kinds:
        raise invalid("One or more parameter values were invalid: An number set  may not be empty")
    if len(kinds) > 1 or not kinds <= {str, Decimal, bytes}:
        raise TypeError(f'Unsupported type "{type(value)}" for value "{value}"')
    return parts


def _float(_value: float) -> Any:
    raise TypeError("Float types are not supported. Use Decimal types instead.")


def _same(value: Any) -> Any:
    return value


_ACCEPT: dict[type, Callable[[Any], Any]] = {
    bool: _same,
    type(None): _same,
    int: number,
    Decimal: number,
    float: _float,
    dict: accept_item,
    list: lambda value: [accept(part) for part in value],
    tuple: lambda value: [accept(part) for part in value],
    set: _accept_set,
    frozenset: _accept_set,
    bytes: _same,
    bytearray: bytes,
    Binary: lambda value: bytes(value.value),
}

_GIVE: dict[type, Callable[[Any], Any]] = {
    dict: give_item,
    list: lambda value: [give(part) for part in value],
    frozenset: lambda value: {give(part) for part in value},
    bytes: Binary,
}

_LETTERS: dict[type, str] = {
    str: "S", Decimal: "N", bytes: "B", bool: "BOOL", type(None): "NULL", list: "L", dict: "M",
}  # fmt: skip


def _accept_other(value: Any) -> Any:
    """Accepts subclasses, and other classes of the same kinds."""
    if isinstance(value, str):
        return str.__str__(value)
    others: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
        (float, _float),
        ((int, Decimal), number),
        (bytes, bytes),
        (Set, _accept_set),
        (Mapping, accept_item),
        ((list, tuple), _ACCEPT[list]),
    )
    for kinds, convert in others:
        if isinstance(value, kinds):
            return convert(value)
    raise TypeError(f'Unsupported type "{type(value)}" for value "{value}"')
