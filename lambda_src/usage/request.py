"""The body of ``POST /usage`` and of a queued message, read within bounds."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_EVENTS = 100
MAX_BYTES = 256 * 1024


class BadRequest(Exception):
    """The request as a whole cannot be read: HTTP status, stable code, what to do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def read_events(body: str | None, content_type: str) -> list[Any]:
    """The ``events`` of a request, unchecked; numbers as Decimal. Raises BadRequest."""
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise BadRequest(415, "unsupported_media_type", "send Content-Type: application/json")
    events: list[Any] = read_body(body)["events"]
    return events


def read_body(body: str | None) -> dict[str, Any]:
    """The body's JSON object, whose ``events`` are a list of 1 to 100; numbers as Decimal. Raises BadRequest."""
    if not body:
        raise BadRequest(400, "bad_json", 'send {"events": [...]}')
    # half a surrogate pair is counted, not encoded: the event that holds it is refused by its own verdict
    if len(body.encode(errors="surrogatepass")) > MAX_BYTES:
        raise BadRequest(413, "payload_too_large", f"a request has at most {MAX_BYTES} bytes; send fewer events")
    try:
        # NaN and Infinity are read as such and refused by the event's own verdict
        parsed = json.loads(body, parse_float=_number, parse_int=_number, parse_constant=Decimal)
    except (ValueError, RecursionError):
        raise BadRequest(400, "bad_json", "the body is not JSON") from None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("events"), list):
        raise BadRequest(400, "bad_request", 'the body must be {"events": [...]}')
    events = parsed["events"]
    if not events:
        raise BadRequest(400, "no_events", "events is empty")
    if len(events) > MAX_EVENTS:
        raise BadRequest(400, "too_many_events", f"at most {MAX_EVENTS} events a request, this has {len(events)}")
    return parsed


def _number(digits: str) -> Decimal:
    """A JSON number; NaN where its exponent is beyond what Decimal has, so that only its own event is refused."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return Decimal("NaN")
