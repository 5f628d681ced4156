"""LookupEvents: pages of the event history, by CloudTrail's rules."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from marketplace_local.errors import ServiceError
from marketplace_local.model import violations
from marketplace_local.state import MarketplaceState
from marketplace_local.trail.history import EVENT_NAME, EVENT_SOURCE, TrailEvent
from marketplace_local.violation import describe, rule_of

SERVICE = "cloudtrail"
#: Rule C02.
LARGEST_PAGE = 50
_ATTRIBUTES: dict[str, Callable[[TrailEvent], str]] = {
    "EventName": lambda event: EVENT_NAME,
    "EventSource": lambda event: EVENT_SOURCE,
    "EventId": lambda event: event.id,
    "AccessKeyId": lambda event: event.caller,
    "Username": lambda event: event.caller,
    "ReadOnly": lambda event: "false",
}


def lookup_events(state: MarketplaceState, region: str, body: Any) -> dict[str, Any]:
    """One page. Raises ServiceError InvalidMaxResultsException, InvalidTimeRangeException, InvalidNextTokenException or
    InvalidLookupAttributesException."""
    if broken := violations(SERVICE, "LookupEvents", body):
        code = "InvalidMaxResultsException" if broken[0].path == "MaxResults" else "InvalidLookupAttributesException"
        raise ServiceError(code, describe(broken), rule=rule_of(broken))
    one_attribute(body)
    start, end = body.get("StartTime") or 0, body.get("EndTime") or state.now()
    if start > end:
        raise ServiceError("InvalidTimeRangeException", "StartTime is after EndTime")
    found = [
        event
        for event in state.trail.visible(region, state.now())
        if start <= int(event.at) <= end and matches(event, body)
    ]
    first = _first_of(body)
    size = min(body.get("MaxResults") or largest_page(), largest_page())
    page: dict[str, Any] = {"Events": [_shown(event) for event in found[first : first + size]]}
    if first + size < len(found):
        page["NextToken"] = _token(body, first + size)
    return page


def largest_page() -> int:
    """Rule C02: events a page, at most and without MaxResults."""
    return LARGEST_PAGE


def one_attribute(body: dict[str, Any]) -> None:
    """Rule C09. Raises InvalidLookupAttributesException for a second attribute."""
    if len(body.get("LookupAttributes") or ()) > 1:
        raise ServiceError("InvalidLookupAttributesException", "one lookup attribute at most", rule="C09")


def matches(event: TrailEvent, body: dict[str, Any]) -> bool:
    """Whether the event has the attribute that the request looks up; attributes that the events lack match none."""
    return all(
        wanted["AttributeKey"] in _ATTRIBUTES and _ATTRIBUTES[wanted["AttributeKey"]](event) == wanted["AttributeValue"]
        for wanted in body.get("LookupAttributes") or ()
    )


def _shown(event: TrailEvent) -> dict[str, Any]:
    return {
        "EventId": event.id,
        "EventName": EVENT_NAME,
        "ReadOnly": "false",
        "AccessKeyId": event.caller,
        "EventTime": int(event.at),
        "EventSource": EVENT_SOURCE,
        "Username": event.caller,
        "Resources": [],
        "CloudTrailEvent": json.dumps(event.record()),
    }


def fingerprint(body: dict[str, Any]) -> str:
    """Rule C10: what a token is bound to, the parameters of the call that issued it."""
    rest = {name: value for name, value in body.items() if name not in ("NextToken", "MaxResults")}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _token(body: dict[str, Any], first: int) -> str:
    return base64.b64encode(f"{fingerprint(body)}:{first}".encode()).decode()


def _first_of(body: dict[str, Any]) -> int:
    if not body.get("NextToken"):
        return 0
    try:
        made_for, _, first = base64.b64decode(body["NextToken"], validate=True).decode().partition(":")
        if made_for == fingerprint(body):
            return int(first)
    except ValueError:
        pass
    raise ServiceError("InvalidNextTokenException", "the token is of no such call", rule="C10")
