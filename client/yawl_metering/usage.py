"""One call of the app: checked by the rules of the usage API (docs/api.md of the metering system), and as the API takes
it; and the users that need not be sent again."""

import json
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from hashlib import blake2b
from typing import NamedTuple

from yawl_metering.settings import TOLERANCE, Aggregation

HOUR = 3600
#: The API takes of one event what fills a line of its dimension: 2,147,483,647 billed units or more, times a scale
#: that is not known here. This is the most of any dimension.
LARGEST = Decimal("9999999999999999000")
#: Calls are merged up to this, which every dimension takes.
LARGEST_MERGED = Decimal(1_000_000_000)
#: Of a quantity. The API takes 9; the spool keeps merged quantities in millionths.
DECIMALS = 6
#: Characters of an event's JSON; all that the API takes is smaller.
LARGEST_EVENT = 20_000
#: The API refuses older usage.
OLDEST = 30 * 86400.0

_STEP = Decimal(1).scaleb(-DECIMALS)
_ID = re.compile(r"[\x21-\x7e]{1,128}")
#: A billing key, as the metering system makes them (lambda_src/marketplace/billing_identity.py).
_CUSTOMER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,256}")
#: A tag as AWS Marketplace takes it (botocore model of meteringmarketplace, TagKey and TagValue, read narrowly).
_TAG = re.compile(r"[a-zA-Z0-9+ \-=._:/@]{1,256}")
#: The app's own decimal context may be anything.
_EXACT = Context(prec=60)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

Tags = tuple[tuple[str, str], ...]


class InvalidUsage(ValueError):
    """The call is wrong (unknown dimension, bad quantity, …): nothing was recorded, and a repeat would fail too."""


class Usage(NamedTuple):
    """moment: epoch seconds, cut to the millisecond (not rounded: an hour must not be crossed)."""

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
    # The comparison comes first: quantizing a huge number would raise.
    if not quantity.is_finite() or not 0 <= quantity <= LARGEST:
        raise InvalidUsage(f"quantity must be finite, not negative and at most {LARGEST}")
    if quantity != quantity.quantize(_STEP, ROUND_HALF_EVEN, _EXACT):
        raise InvalidUsage(f"quantity must have at most {DECIMALS} decimals")
    return quantity


def _of_float(value: float) -> Decimal:
    quantity = Decimal(repr(value))
    if not quantity.is_finite() or abs(quantity) > LARGEST:
        return quantity
    rounded = quantity.quantize(_STEP, ROUND_HALF_EVEN, _EXACT)
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


def customer_of(value: object) -> str:
    """The customer's billing key, once it is checked. Raises InvalidUsage."""
    if not isinstance(value, str) or not _CUSTOMER.fullmatch(value):
        raise InvalidUsage("customer must be the billing key that registration returned")
    return value


def event_id_of(value: object) -> str:
    """The app's own id of an event, once it is checked. Raises InvalidUsage."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidUsage("event_id must be 1 to 128 printable ASCII characters without spaces")
    return value


def name_of(value: str, what: str) -> str:
    """A source or a user with its accents composed (Unicode NFC), as the API compares it. Raises InvalidUsage, whose
    message does not repeat the value."""
    composed = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    if not _PRINTABLE.fullmatch(composed):
        raise InvalidUsage(f"{what} must be 1 to 256 printable characters")
    return composed


def tags_of(value: Mapping[str, str] | None) -> Tags:
    """The tags in sorted order, so that equal tags are equal values. Raises InvalidUsage."""
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


def micro_of(quantity: Decimal) -> int:
    """The quantity in millionths."""
    return int(quantity.scaleb(DECIMALS, _EXACT))


def slot_of(usage: Usage, aggregation: Aggregation, interval: float) -> str:
    """Calls with the same slot may become one event: their moments lie in one flush interval of one UTC hour.

    The hour decides what is billed when. The interval is at most the 5 minutes by which the metering system lets usage
    lie outside a subscription, so merging never changes whether a call counts.
    """
    start = usage.moment // HOUR * HOUR + usage.moment % HOUR // interval * interval
    names = [text for pair in usage.tags for text in pair]
    return "\0".join((usage.customer, usage.dimension, aggregation, usage.source, *names, repr(start)))


def event_text(usage: Usage, event_id: str, quantity: Decimal | None) -> str:
    """The event as the API takes it: JSON, ASCII only, so that its characters are its bytes. None: without quantity."""
    body: dict[str, object] = {
        "id": event_id,
        "source": usage.source,
        "customerIdentifier": usage.customer,
        "dimension": usage.dimension,
        "occurredAt": iso(usage.moment),
    }
    if usage.user is not None:
        body["user"] = usage.user
    if usage.tags:
        body["tags"] = dict(usage.tags)
    if quantity is not None:
        body["quantity"] = plain(quantity)
    return json.dumps(body, separators=(",", ":"))


def ready_text(event: Mapping[str, object]) -> str:
    """An event that is ready, as JSON in ASCII; its fields are the metering system's to judge. Raises InvalidUsage."""
    event_id_of(event.get("id"))
    customer_of(event.get("customerIdentifier"))
    try:
        text = json.dumps(event, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        raise InvalidUsage("event must be JSON: texts, whole numbers, and objects of them") from None
    if len(text) > LARGEST_EVENT:
        raise InvalidUsage(f"event must have at most {LARGEST_EVENT} characters of JSON")
    return text


def void_text(customer: str, event_id: str, source: str) -> str:
    """The JSON of a void, which takes an event back, as the API takes it."""
    return json.dumps({"void": event_id, "source": source, "customerIdentifier": customer}, separators=(",", ":"))


def plain(quantity: Decimal) -> str:
    """Digits without an exponent or trailing zeros."""
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def iso(moment: float) -> str:
    """``2026-11-15T08:00:00.250Z``; of a moment that was cut to the millisecond."""
    milliseconds = round(moment * 1000)
    text = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milliseconds % 1000:03d}Z"


@dataclass(slots=True)
class _Seen:
    moment: float
    counted: bool = False


class Users:
    """The users that this process need not send again: a bounded memory of digests, without names.

    A user that was recorded is counted for the month, so later calls add nothing. Until the verdict is known only calls
    of the same flush interval are left out: the first may yet be refused (say, as from before the subscription), and a
    later one be counted. The metering system counts each user once anyway.
    """

    def __init__(self, most: int, interval: float) -> None:
        self._most, self._interval = most, interval
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()
        #: Customer and id of events on their way, and the users that they would show.
        self._awaited: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def repeats(self, usage: Usage) -> bool:
        """Whether the call adds nothing, because its user is counted already or an event for the user is on its way."""
        seen = self._seen.get(_digest(usage))
        return seen is not None and (seen.counted or 0 <= usage.moment - seen.moment < self._interval)

    def recorded(self, usage: Usage, event_id: str) -> None:
        """Note that an event for this user is on its way."""
        digest = _digest(usage)
        self._seen[digest] = _Seen(usage.moment)
        self._seen.move_to_end(digest)
        # At the start of a month a fast clock names the new month where the metering system counts the old one.
        if _month(usage.moment - 2 * TOLERANCE) == _month(usage.moment):
            self._awaited[usage.customer, event_id] = digest
        for memory in (self._seen, self._awaited):
            while len(memory) > self._most:
                memory.popitem(last=False)

    def ended(self, customer: str, event_id: str, *, counted: bool | None) -> None:
        """Note how an event ended. counted: True if it was recorded, False if not, None if it is in a queue and nothing
        is known."""
        digest = self._awaited.pop((customer, event_id), None)
        if digest is None or digest not in self._seen:
            return
        if counted:
            self._seen[digest].counted = True
        elif counted is False:
            del self._seen[digest]


def _digest(usage: Usage) -> bytes:
    parts = (usage.customer, usage.dimension, _month(usage.moment), usage.user or "")
    return blake2b("\0".join(parts).encode(), digest_size=16).digest()


def _month(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m")
