"""One call of the app, checked by the rules of the usage API (docs/api.md of the metering system). Pure."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from yawl_metering.errors import InvalidUsage
from yawl_metering.settings import TOLERANCE

HOUR = 3600
#: the API takes of one event what fills a line of its dimension: 2,147,483,647 billed units or more, times a scale
#: that is not known here; this is the most of any dimension
LARGEST = Decimal("9999999999999999000")
#: what calls are merged up to: every dimension takes it
LARGEST_MERGED = Decimal(1_000_000_000)
DECIMALS = 6
#: older usage is refused by the API
OLDEST = 30 * 86400.0

_STEP = Decimal(1).scaleb(-DECIMALS)
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_CUSTOMER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,256}")
#: what AWS Marketplace takes of a tag (botocore model of meteringmarketplace, TagKey and TagValue, read narrowly)
_TAG = re.compile(r"[a-zA-Z0-9+ \-=._:/@]{1,256}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

Tags = tuple[tuple[str, str], ...]


class Usage(NamedTuple):
    """``moment``: epoch seconds, cut (not rounded: an hour must not be crossed) to the millisecond."""

    customer: str
    dimension: str
    source: str
    quantity: Decimal
    moment: float
    user: str | None
    tags: Tags


def quantity_of(value: object) -> Decimal:
    """An exact quantity. Floats, which are not exact, are rounded to 6 decimals. Raises InvalidUsage."""
    if type(value) is int:
        quantity = Decimal(value)
    elif isinstance(value, float):
        quantity = _of_float(value)
    elif isinstance(value, str) and len(value) <= 40 and _NUMBER.fullmatch(value):
        quantity = Decimal(value)
    elif isinstance(value, Decimal):
        quantity = value
    else:
        raise InvalidUsage("quantity must be an int, a Decimal, a decimal in a string, or a float")
    # comparing first: a NaN is comparable with nothing, and quantizing a huge number would raise
    if not quantity.is_finite() or not 0 <= quantity <= LARGEST:
        raise InvalidUsage(f"quantity must be finite, not negative and at most {LARGEST}")
    if quantity != quantity.quantize(_STEP, rounding=ROUND_HALF_EVEN):
        raise InvalidUsage(f"quantity must have at most {DECIMALS} decimals")
    return quantity


def _of_float(value: float) -> Decimal:
    quantity = Decimal(repr(value))
    if not quantity.is_finite() or abs(quantity) > LARGEST:
        return quantity
    rounded = quantity.quantize(_STEP, rounding=ROUND_HALF_EVEN)
    if quantity and not rounded:
        raise InvalidUsage("quantity is less than 0.000001; add such amounts up before reporting them")
    return rounded


def moment_of(value: datetime | float | None, now: float) -> float:
    """When the usage happened, in epoch seconds. Raises InvalidUsage."""
    if value is None:
        return int(now * 1000) / 1000
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidUsage("occurred_at needs a zone, for example datetime.now(timezone.utc)")
        value = value.timestamp()
    if value != value or value > now + TOLERANCE:
        raise InvalidUsage("occurred_at is more than 5 minutes ahead")
    if value < now - OLDEST:
        raise InvalidUsage("occurred_at is more than 30 days ago and can no longer be billed")
    return int(value * 1000) / 1000


def customer_of(value: str) -> str:
    """A billing key. Raises InvalidUsage."""
    if not isinstance(value, str) or not _CUSTOMER.fullmatch(value):
        raise InvalidUsage("customer must be the billing key that registration returned")
    return value


def event_id_of(value: str) -> str:
    """An id that the app gives. Raises InvalidUsage."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidUsage("event_id must be 1 to 128 printable ASCII characters without spaces")
    return value


def name_of(value: str, what: str) -> str:
    """A source or a user, its accents composed (Unicode NFC), as the API compares it. Raises InvalidUsage, which does
    not repeat the value."""
    composed = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    if not _PRINTABLE.fullmatch(composed):
        raise InvalidUsage(f"{what} must be 1 to 256 printable characters")
    return composed


def tags_of(value: Mapping[str, str] | None) -> Tags:
    """Sorted, so that the same tags are the same. Raises InvalidUsage."""
    if not value:
        return ()
    for name, text in value.items():
        plain_text = isinstance(text, str) and isinstance(name, str) and _TAG.fullmatch(text) and _TAG.fullmatch(name)
        if not plain_text or len(name) > 100:
            raise InvalidUsage(
                "a tag has a name of 1 to 100 and a value of 1 to 256 letters, digits, spaces and + - = . _ : / @"
            )
    if len(value) > 5:
        raise InvalidUsage("at most 5 tags")
    return tuple(sorted(value.items()))


def event_body(usage: Usage, event_id: str, quantity: Decimal) -> dict[str, Any]:
    """The event as the API takes it."""
    body: dict[str, Any] = {
        "id": event_id,
        "source": usage.source,
        "customerIdentifier": usage.customer,
        "dimension": usage.dimension,
        "quantity": plain(quantity),
        "occurredAt": iso(usage.moment),
    }
    if usage.user is not None:
        body["user"] = usage.user
    if usage.tags:
        body["tags"] = dict(usage.tags)
    return body


def void_body(customer: str, event_id: str, source: str) -> dict[str, Any]:
    """The taking back of an event as the API takes it."""
    return {"void": event_id, "source": source, "customerIdentifier": customer}


def plain(quantity: Decimal) -> str:
    """Digits without an exponent or trailing zeros."""
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def iso(moment: float) -> str:
    """``2026-11-15T08:00:00.250Z``; of a moment that was cut to the millisecond."""
    milliseconds = round(moment * 1000)
    text = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milliseconds % 1000:03d}Z"
