"""The body of ``POST /usage`` and of a queued message, read within bounds."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from runtime.api_error import ApiError, bad_request

JSON = "application/json"
MAX_EVENTS = 100
MAX_BYTES = 256 * 1024


def read_events(body: str | None, content_type: str) -> list[Any]:
    """The ``events`` of a request, unchecked; numbers as Decimal. Raises ApiError."""
    if content_type.split(";")[0].strip().lower() != JSON:
        raise ApiError(415, "unsupported_media_type", f"Send Content-Type: {JSON}.", {"accepted": [JSON]})
    events: list[Any] = read_body(body)["events"]
    return events


def read_body(body: str | None) -> dict[str, Any]:
    """The body's JSON object, whose ``events`` are a list of 1 to 100; numbers as Decimal. Raises ApiError."""
    if not body:
        raise ApiError(400, "bad_json", 'Send {"events": [...]}.', {"field": "body"})
    # Half a surrogate pair cannot be encoded; its own verdict refuses the event that holds it.
    if len(body.encode(errors="surrogatepass")) > MAX_BYTES:
        message = f"A request has at most {MAX_BYTES} bytes. Send fewer events."
        raise ApiError(413, "payload_too_large", message, {"largestBytes": MAX_BYTES})
    try:
        # The verdict of its own event refuses NaN and Infinity.
        parsed = json.loads(body, parse_float=_number, parse_int=_number, parse_constant=Decimal)
    except (ValueError, RecursionError):
        raise ApiError(400, "bad_json", "The body is not JSON.", {"field": "body"}) from None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("events"), list):
        raise bad_request('The body must be {"events": [...]}.', "events")
    events = parsed["events"]
    if not events:
        raise ApiError(400, "no_events", "`events` is empty.", {"field": "events"})
    if len(events) > MAX_EVENTS:
        message = f"A request has at most {MAX_EVENTS} events. This one has {len(events)}."
        raise ApiError(400, "too_many_events", message, {"field": "events", "most": MAX_EVENTS})
    return parsed


def _number(digits: str) -> Decimal:
    """A JSON number; NaN where Decimal cannot hold its exponent, so that only its own event is refused."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return Decimal("NaN")
