"""A usage event as an app reports it, and the void of one, checked field by field.

``{id, source, customerIdentifier, dimension, quantity, occurredAt, user?, tags?}``, or ``{void, source,
customerIdentifier}``. An event that cannot be read is refused with a reason; it never fails the others of its batch.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from marketplace import quantity as quantities
from marketplace.billing_identity import BILLING_KEY
from marketplace.dimensions import Dimension
from marketplace.hour import month_of
from marketplace.usage_allocations import MAX_KEY, MAX_TAGS, MAX_VALUE, TAG_TEXT
from runtime.clock import from_iso, iso
from usage.judge_event import Reason

_ID = re.compile(r"[\x21-\x7e]{1,128}")
# No control characters, and no lone surrogates, which JSON can carry but UTF-8 cannot.
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,256}")
_FIELDS = {"id", "source", "customerIdentifier", "dimension", "quantity", "occurredAt", "user", "tags"}
_VOID_FIELDS = {"void", "source", "customerIdentifier"}


class Refusal(Exception):
    """An event is refused. reason: a stable word. message: what the sender should do."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


@dataclass(frozen=True, kw_only=True)
class UsageEvent:
    """A checked event. occurred_at: epoch seconds, to the millisecond, maybe ahead of received_at (our clock)."""

    id: str
    source: str
    customer_identifier: str
    dimension: Dimension
    quantity: Decimal
    occurred_at: float
    received_at: float = math.inf
    user: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def period(self) -> str:
        """The UTC month of ``occurred_at``, or of ``received_at`` if that is earlier."""
        return month_of(min(self.occurred_at, self.received_at))

    @property
    def content(self) -> dict[str, Any]:
        """Everything in which a repeat under the same id must equal the first; of the user only a hash."""
        content: dict[str, Any] = {
            "source": self.source,
            "dimension": self.dimension.name,
            "quantity": self.quantity,
            "occurredAt": iso(self.occurred_at),
        }
        if self.user is not None:
            content["userHash"] = hashlib.sha256(self.user.encode()).hexdigest()[:32]
        if self.tags:
            content["tags"] = dict(self.tags)
        return content


@dataclass(frozen=True, kw_only=True)
class Void:
    """A checked void, which takes an event back. It needs no id of its own: one event can be taken back once.

    id: of the event that is taken back. source: the sender's name for what takes it back.
    """

    id: str
    source: str
    customer_identifier: str


def parse(body: object, dimensions: Mapping[str, Dimension], now: float) -> UsageEvent | Void:
    """Check one event of a request. body: its JSON value, with numbers as Decimal. Raises Refusal."""
    if not isinstance(body, dict):
        raise Refusal("bad_event", "an event must be a JSON object")
    fields = _VOID_FIELDS if "void" in body else _FIELDS
    unknown = sorted(set(body) - fields)
    if unknown:
        raise Refusal("bad_event", f"unknown field {str(unknown[0])[:40]!r}; allowed are {', '.join(sorted(fields))}")
    named_by = "void" if "void" in body else "id"
    event_id = _text(body, named_by, _ID, "bad_id", "1 to 128 printable ASCII characters without spaces")
    customer = _text(body, "customerIdentifier", BILLING_KEY, "bad_event", "the billing key that registration returned")
    if "void" in body:
        return Void(id=event_id, source=_source(body), customer_identifier=customer)
    named = body.get("dimension")
    dimension = dimensions.get(named) if isinstance(named, str) else None
    if dimension is None:
        raise Refusal("unknown_dimension", f"dimension must be one of {', '.join(dimensions)}")
    return UsageEvent(
        id=event_id,
        source=_source(body),
        customer_identifier=customer,
        dimension=dimension,
        quantity=_quantity(body, dimension),
        occurred_at=_occurred_at(body),
        received_at=now,
        user=_user(body, dimension),
        tags=_tags(body),
    )


def _text(body: Mapping[str, Any], name: str, pattern: re.Pattern[str], reason: Reason, wanted: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refusal(reason, f"{name} must be {wanted}")
    return value


def _normal(text: str) -> str:
    """The text in one form, however a keyboard or a file system composes its accents (Unicode NFC). Case and blanks
    stay."""
    return unicodedata.normalize("NFC", text)


def _source(body: Mapping[str, Any]) -> str:
    return _normal(_text(body, "source", _PRINTABLE, "bad_event", "1 to 256 characters naming what reports the usage"))


def _quantity(body: Mapping[str, Any], dimension: Dimension) -> Decimal:
    distinct = dimension.aggregation == "distinct"
    try:
        quantity = quantities.parse(body.get("quantity", 1 if distinct else None), dimension.largest_event)
    except quantities.BadQuantity as error:
        raise Refusal("bad_quantity", str(error)) from None
    if distinct and quantity != 1:
        raise Refusal("bad_quantity", f"quantity of {dimension.name} must be 1 or left out: each event is one user")
    return quantity


def _occurred_at(body: Mapping[str, Any]) -> float:
    value = body.get("occurredAt")
    try:
        if not isinstance(value, str) or len(value) > 40:
            raise ValueError
        seconds = round(from_iso(value), 3)
        iso(seconds)  # Raises where the offset puts it before the year 1 or after 9999 in UTC.
        return seconds
    except (ValueError, OverflowError):
        wanted = "an ISO 8601 time with a zone, for example 2026-11-15T08:00:00Z"
        raise Refusal("bad_event", f"occurredAt must be {wanted}") from None


def _user(body: Mapping[str, Any], dimension: Dimension) -> str | None:
    if body.get("user") is None:
        if dimension.aggregation == "distinct":
            raise Refusal("user_required", f"{dimension.name} counts distinct users: user is required")
        return None
    return _normal(_text(body, "user", _PRINTABLE, "bad_event", "1 to 256 characters"))


def _tags(body: Mapping[str, Any]) -> dict[str, str]:
    """Tags that Marketplace takes in an allocation: a tag that it refuses would hold up the whole line later."""
    tags = {} if body.get("tags") is None else body["tags"]
    if not isinstance(tags, dict) or len(tags) > MAX_TAGS:
        raise Refusal("bad_event", f"tags must be an object of at most {MAX_TAGS} names and values")
    for name, value in tags.items():
        if not (_tag_text(name, MAX_KEY) and _tag_text(value, MAX_VALUE)):
            wanted = f"its name 1 to {MAX_KEY}, its value 1 to {MAX_VALUE} letters, digits, spaces and + - = . _ : / @"
            raise Refusal("bad_event", f"tag {name[:40]!r} must have as {wanted}")
    return dict(tags)


def _tag_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and TAG_TEXT.fullmatch(value) is not None
