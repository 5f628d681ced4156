"""Python values as DynamoDB's attribute values and back, as exact as boto3's own conversion and a good deal quicker.

Source: DynamoDB API reference, ``AttributeValue`` and "Naming rules and data types": a number has at most 38 digits and
lies between 1E-130 and 9.99E+125. A number that does not fit raises, it is never rounded. Binary values are not stored.
"""

from collections.abc import Callable, Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

_NUMBERS = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])

AttributeValue = Mapping[str, Any]


def to_attribute(value: Any) -> dict[str, Any]:
    """``"a"`` → ``{"S": "a"}``. Raises TypeError for what has no exact form (floats, empty sets, bytes), and
    decimal's own exceptions for numbers beyond DynamoDB's."""
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | Decimal):
        return {"N": _number(value)}
    if isinstance(value, Mapping):
        return {"M": to_attributes(value)}
    if isinstance(value, list | tuple):
        return {"L": [to_attribute(entry) for entry in value]}
    if isinstance(value, set | frozenset) and value:
        if all(isinstance(entry, str) for entry in value):
            return {"SS": list(value)}
        return {"NS": [_number(entry) for entry in value]}
    raise TypeError(f"{type(value).__name__} has no exact form in DynamoDB")


def to_attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """An item, a key or the values of an expression."""
    return {name: to_attribute(value) for name, value in values.items()}


def from_attribute(attribute: AttributeValue) -> Any:
    """``{"N": "1"}`` → ``Decimal("1")``: numbers are always Decimal, sets are sets."""
    ((kind, value),) = attribute.items()
    return _READ[kind](value)


def from_attributes(item: Mapping[str, AttributeValue]) -> dict[str, Any]:
    """An item as DynamoDB answers it."""
    return {name: from_attribute(value) for name, value in item.items()}


def _number(value: Any) -> str:
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} in a set of numbers")
    number = _NUMBERS.create_decimal(value)
    if not number.is_finite():
        raise TypeError("a number must be finite")
    return str(number)


_READ: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _NUMBERS.create_decimal,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": from_attributes,
    "L": lambda entries: [from_attribute(entry) for entry in entries],
    "SS": set,
    "NS": lambda entries: {_NUMBERS.create_decimal(entry) for entry in entries},
}
