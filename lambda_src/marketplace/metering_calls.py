"""BatchMeterUsage calls as CloudTrail's event history has them: the reader, and what one event says.

Sources: AWS Marketplace user guide, "Logging AWS Marketplace Metering API calls with AWS CloudTrail" (the event's
shape, and how it writes times); CloudTrail user guide, "CloudTrail record contents" (a part that is too large is
*omitted*); botocore model of ``cloudtrail``, LookupEvents (50 events a page, two calls a second, 90 days, newest
first).
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from botocore.config import Config

from marketplace.billing_identity import IdentityError, license_id
from marketplace.faults import GENERIC, MODELLED
from marketplace.hour import hour_of
from marketplace.patience import patiently
from marketplace.seller import OURSELVES, Seller

EVENT_SOURCE = "metering-marketplace.amazonaws.com"
EVENT_NAME = "BatchMeterUsage"
#: Seconds between two calls: LookupEvents takes two a second, and other readers of the account share them.
SECONDS_A_CALL = 0.55
#: Days for which CloudTrail keeps events.
KEPT_DAYS = 90

Status = str
#: What became of a record in a call, besides the three statuses of Marketplace: ``refused`` (the call did nothing with
#: it) and ``unknown`` (the event does not show the answer, or Marketplace gave none).
REFUSED, UNKNOWN = "refused", "unknown"


class MeteredRecord(NamedTuple):
    """One record of a call: the billing key that it names, what was sent, and what became of it.

    hour: epoch seconds. product_code: of a legacy request, else None.
    """

    customer: str
    dimension: str
    hour: int
    quantity: Decimal
    status: Status
    metering_record_id: str | None = None
    product_code: str | None = None


class MeteringCall(NamedTuple):
    """One call. ``at``: epoch seconds. caller: the name of the role (or user) that made it. records: None where the
    event shows none of them. unread: whether it shows another that Marketplace may have taken, whose hour or quantity
    cannot be read.
    """

    event_id: str
    at: float
    caller: str
    records: tuple[MeteredRecord, ...] | None
    unread: bool = False


class MeteringCalls:
    """Reads the event history of one Region."""

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        """client: of ``cloudtrail``. sleep: how the reader waits for its turn."""
        self._client = client
        self._sleep = sleep

    @classmethod
    def connect(cls, region: str, seller: Seller = OURSELVES) -> "MeteringCalls":
        """A reader of the Region in which usage is metered, with the seller's rights. Making it calls nothing."""
        config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})
        return cls(seller.client("cloudtrail", region, config))

    def between(self, start: float, end: float) -> Iterator[MeteringCall]:
        """The calls made from ``start`` to ``end`` (epoch seconds, both included), newest first, page by page."""
        request: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": EVENT_NAME}],
            "StartTime": datetime.fromtimestamp(int(start), UTC),
            "EndTime": datetime.fromtimestamp(int(end), UTC),
            "MaxResults": 50,
        }
        while True:
            page = patiently(self._client.lookup_events, request, sleep=self._sleep, seconds=SECONDS_A_CALL)
            for event in page["Events"]:
                if call := call_of(json.loads(event["CloudTrailEvent"])):
                    yield call
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]


def call_of(event: Mapping[str, Any]) -> MeteringCall | None:
    """What an event says; None for an event of another service."""
    if event.get("eventSource") != EVENT_SOURCE or event.get("eventName") != EVENT_NAME:
        return None
    records, unread = _records(event)
    return MeteringCall(
        event_id=str(event["eventID"]),
        at=datetime.fromisoformat(event["eventTime"]).timestamp(),
        caller=caller_of(event.get("userIdentity") or {}),
        records=records,
        unread=unread,
    )


def caller_of(identity: Mapping[str, Any]) -> str:
    """The name of a role behind its session, or else of the user (CloudTrail user guide, "userIdentity element")."""
    parts = str(identity.get("arn", "")).split("/")
    if ":assumed-role" in parts[0] and len(parts) > 1:
        return parts[1]
    return str(identity.get("userName") or parts[-1])


def _records(event: Mapping[str, Any]) -> tuple[tuple[MeteredRecord, ...] | None, bool]:
    """The records, None where none is shown; and whether one cannot be read that Marketplace may have taken."""
    request, answer = event.get("requestParameters") or {}, event.get("responseElements") or {}
    shown = answer.get("results")
    sent = request.get("usageRecords")
    if sent is None:
        if shown is None:
            return (() if _did_nothing(event) else None), False
        sent = [result.get("usageRecord") or {} for result in shown]
    results: dict[str, list[Mapping[str, Any]]] = {}
    for result in shown or ():
        results.setdefault(_same(result.get("usageRecord") or {}), []).append(result)
    left = {_same(record) for record in answer.get("unprocessedRecords") or ()}
    found = []
    unread = False
    for record in sent:
        answers = results.get(_same(record))
        if answers:
            result = answers.pop(0)
            status, record_id = str(result.get("status") or UNKNOWN), result.get("meteringRecordId")
        else:
            status, record_id = REFUSED if _same(record) in left or _did_nothing(event) else UNKNOWN, None
        try:
            read = _record(record, status, record_id, request.get("productCode"))
        except (InvalidOperation, KeyError, ValueError):
            unread = unread or status != REFUSED
        else:
            found += [read] if read is not None else []
    return tuple(found), unread


def _did_nothing(event: Mapping[str, Any]) -> bool:
    """Whether Marketplace answered with an error that says that nothing was done (``marketplace.faults``)."""
    code = str(event.get("errorCode") or "")
    scope = MODELLED.get(code) or next(
        (scope for stem, scope in GENERIC.items() if code.startswith(stem)), "unanswered"
    )
    return bool(code) and scope != "unanswered"


def _same(record: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in record.items() if name != "usageAllocations"}, sort_keys=True)


def _record(
    record: Mapping[str, Any], status: str, record_id: str | None, product_code: str | None
) -> MeteredRecord | None:
    """A record; None for one that names no buyer, so that it cannot be one of ours.

    Raises InvalidOperation, KeyError or ValueError where its quantity or hour cannot be read: it may be one of ours.
    """
    try:
        customer = str(record.get("customerIdentifier") or "") or license_id(record.get("licenseArn"))
    except IdentityError:
        return None
    quantity = Decimal(str(record.get("quantityAsDecimal") or record.get("quantity") or 0))
    hour = hour_of(moment_of(record["timestamp"]))
    return MeteredRecord(customer, str(record.get("dimension")), hour, quantity, status, record_id, product_code)


def moment_of(written: Any) -> float:
    """Epoch seconds of a time in an event: ``Apr 19, 2018 4:32:50 PM`` (in UTC), ISO 8601, or a number. Raises
    ValueError."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        return float(written)
    # Newer Java writes a narrow space before AM and PM, and a comma after the year.
    plain = re.sub(r"[\s\u202f\u00a0]+", " ", str(written)).replace(", ", " ")
    try:
        return datetime.strptime(plain, "%b %d %Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
    except ValueError:
        moment = datetime.fromisoformat(str(written))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
