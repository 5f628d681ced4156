"""What CloudTrail keeps: one event for each BatchMeterUsage call, with its delay and its omissions.

Sources: AWS Marketplace user guide, "Logging AWS Marketplace Metering API calls with AWS CloudTrail" (the event's
shape); CloudTrail user guide, "CloudTrail record contents" (what is omitted).
"""

import json
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marketplace_local.clock import iso
from marketplace_local.notices import SELLER_ACCOUNT

EVENT_SOURCE = "metering-marketplace.amazonaws.com"
EVENT_NAME = "BatchMeterUsage"
#: Rule C01.
DELAY_SECONDS = 15 * 60
#: Rule C04.
KEPT_SECONDS = 90 * 24 * 3600
#: Rule C07: the largest requestParameters and responseElements, in bytes.
LARGEST_PART = 100 * 1024
_EVENT_IDS = uuid.UUID("0b8a3c55-7d3e-4c57-9a51-1c1d8b4de4a7")


@dataclass(frozen=True)
class TrailEvent:
    """One call. ``at``: when it was answered; ``visible_at``: when LookupEvents shows it (both epoch seconds).

    caller: the access key, or the role that is known for it. omitted: both parts are left out, whatever their size.
    """

    seq: int
    at: float
    visible_at: float
    region: str
    caller: str
    request: Any
    answer: Mapping[str, Any] | None
    error: str = ""
    message: str = ""
    omitted: bool = False

    @property
    def id(self) -> str:
        """The event's id, and that of its request, which follow from the call's number."""
        return _id(self.seq)

    def record(self) -> dict[str, Any]:
        """The event as ``CloudTrailEvent`` holds it."""
        session = f"{SELLER_ACCOUNT}:assumed-role/{self.caller}/session"
        found: dict[str, Any] = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"AROAEXAMPLE:{self.caller}",
                "arn": f"arn:aws:sts::{session}",
                "accountId": SELLER_ACCOUNT,
                "accessKeyId": self.caller,
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "arn": f"arn:aws:iam::{SELLER_ACCOUNT}:role/{self.caller}",
                        "accountId": SELLER_ACCOUNT,
                        "userName": self.caller,
                    }
                },
            },
            "eventTime": iso(int(self.at)),
            "eventSource": EVENT_SOURCE,
            "eventName": EVENT_NAME,
            "awsRegion": self.region,
            "sourceIPAddress": "203.0.113.7",
            "userAgent": "Botocore",
            "requestParameters": _part("requestParameters", _request(self.request), self.omitted),
            "responseElements": _part("responseElements", _response(self.answer), self.omitted),
            "requestID": self.id,
            "eventID": self.id,
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": SELLER_ACCOUNT,
            "eventCategory": "Management",
        }
        if self.error:
            found |= {"errorCode": self.error, "errorMessage": self.message}
        return found


class History:
    """The events of all Regions, oldest first."""

    def __init__(self) -> None:
        self.events: deque[TrailEvent] = deque()
        self.callers: dict[str, str] = {}
        self._seq = 0

    def request_id(self) -> str:
        """Count a call, and name it: the id with which it is answered."""
        self._seq += 1
        return _id(self._seq)

    def add(self, *, late: float = 0.0, **event: Any) -> None:
        """Keep an event of the call that was counted last; ``late``: seconds beyond CloudTrail's usual delay. Events
        that are too old are forgotten."""
        at = event["at"]
        visible_at = at + delay() + late
        self.events.append(TrailEvent(seq=self._seq, visible_at=visible_at, **event))
        while self.events[0].at < at - KEPT_SECONDS:
            self.events.popleft()

    def visible(self, region: str, now: float) -> list[TrailEvent]:
        """The events that LookupEvents may show in that Region then, newest first (rules C01, C04, C05, C06)."""
        found = [event for event in self.events if is_visible(event, now) and in_region(event, region)]
        return newest_first(found)


def _id(seq: int) -> str:
    return str(uuid.uuid5(_EVENT_IDS, str(seq)))


def delay() -> float:
    """Rule C01: seconds after a call until its event can be found."""
    return DELAY_SECONDS


def is_visible(event: TrailEvent, now: float) -> bool:
    """Rule C04 (and C01): events are shown until they are 90 days old."""
    return event.visible_at <= now and event.at > now - KEPT_SECONDS


def newest_first(events: list[TrailEvent]) -> list[TrailEvent]:
    """Rule C05: by the time of the call, the newest first."""
    return sorted(events, key=lambda event: (event.at, event.seq), reverse=True)


def in_region(event: TrailEvent, region: str) -> bool:
    """Rule C06: a Region shows the calls that were made to it."""
    return event.region == region


def _part(name: str, part: Any, omitted: bool) -> Any:
    """Rule C07: a part that is too large is replaced by a note."""
    if part is None:
        return None
    size = len(json.dumps(part))
    return (
        {"omitted": True, "originalSize": size, "reason": f"{name} too large"} if omitted or too_large(size) else part
    )


def too_large(size: int) -> bool:
    """Rule C07: whether a part of so many bytes is left out."""
    return size > LARGEST_PART


def _request(request: Any) -> Any:
    """The request with lower-camel names; what is no object at all is not shown."""
    return lower_camel(request) if isinstance(request, dict) else None


def _response(answer: Mapping[str, Any] | None) -> Any:
    return None if answer is None else lower_camel(answer)


def lower_camel(part: Any) -> Any:
    """Rule C08: names begin with a small letter, times are written as in AWS's example."""
    if isinstance(part, Mapping):
        return {
            _lower(name): written(value) if name == "Timestamp" else lower_camel(value) for name, value in part.items()
        }
    if isinstance(part, list):
        return [lower_camel(each) for each in part]
    return part


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def written(moment: Any) -> Any:
    """``Apr 19, 2018 4:32:50 PM``, in UTC; anything but a number stays as it was sent."""
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return moment
    shown = datetime.fromtimestamp(moment, UTC)
    return f"{shown:%b} {shown.day}, {shown.year} {shown.hour % 12 or 12}:{shown:%M:%S %p}"
