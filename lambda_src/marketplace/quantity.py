"""Quantities of usage: exact decimals, never floats.

An event's quantity is finite, not negative, has at most 9 decimals and is at most what one line of its dimension can
bill. A line has at most 6 decimals (``QuantityAsDecimal``, botocore model); what is smaller stays in the customer's
balance. With 9 decimals a GB is recorded to the byte.
"""

import re
from decimal import ROUND_FLOOR, Context, Decimal

#: Of a recorded quantity.
DECIMALS = 9
_EXACT = Context(prec=60)
#: No number within the bounds needs more; rounding to fewer would record what no engine reported.
_MOST_DIGITS = 40
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


class BadQuantity(ValueError):
    """A value is no quantity that can be recorded; the message gives the reason."""


def parse(value: object, largest: Decimal) -> Decimal:
    """A quantity of at most ``largest`` from a JSON number (read as Decimal) or a string. Raises BadQuantity."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise BadQuantity("quantity must be a number, or a decimal in a string")
    if isinstance(value, str):
        if len(value) > _MOST_DIGITS:
            raise BadQuantity("quantity has too many digits")
        if not _NUMBER.fullmatch(value):  # Decimal would take blanks, underscores and any script's digits
            raise BadQuantity("quantity must be a finite number, or a decimal in a string")
    quantity = Decimal(value)
    if not quantity.is_finite():
        raise BadQuantity("quantity must be finite")
    if len(quantity.as_tuple().digits) > _MOST_DIGITS:
        raise BadQuantity("quantity has too many digits")
    if quantity < 0:
        raise BadQuantity("quantity must not be negative")
    if quantity > largest:
        raise BadQuantity(f"quantity must be at most {text(largest)}")
    if quantity and quantity.normalize(_EXACT).as_tuple().exponent < -DECIMALS:  # type: ignore[operator]  # finite
        raise BadQuantity(f"quantity must have at most {DECIMALS} decimals")
    return quantity.quantize(Decimal(1).scaleb(-DECIMALS), context=_EXACT).normalize(_EXACT) + 0


def floor(quantity: Decimal, decimals: int) -> Decimal:
    """The quantity cut to a number of decimals."""
    return quantity.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_FLOOR, context=_EXACT)


def text(quantity: Decimal) -> str:
    """Plain digits, no exponent, no trailing zeros: ``1000``, ``0.25``."""
    plain = format(quantity, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
