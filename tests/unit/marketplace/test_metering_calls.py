"""What one event of CloudTrail says about the records of a call."""

import json
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marketplace.metering_calls import REFUSED, UNKNOWN, MeteringCalls, call_of, caller_of, moment_of
from reconcile.calls.seen import Trail
from runtime.clock import from_iso

LICENSE = {"customerAWSAccountId": "1", "licenseArn": "arn:aws:license-manager::1:license:l-7"}
TIME = "Nov 15, 2026 2:00:00 PM"


def record(dimension: str = "runs", **more: Any) -> dict[str, Any]:
    return {"dimension": dimension, "timestamp": TIME, **LICENSE, "quantity": 5, **more}


def event(records: Any, results: Any = None, **more: Any) -> dict[str, Any]:
    answer = None if results is None else {"results": results, "unprocessedRecords": []}
    return {
        "eventSource": "metering-marketplace.amazonaws.com",
        "eventName": "BatchMeterUsage",
        "eventID": "e1",
        "eventTime": "2026-11-15T15:10:00Z",
        "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/ours/yawl-metering"},
        "requestParameters": {"usageRecords": records} if isinstance(records, list) else records,
        "responseElements": answer,
        **more,
    }


def statuses(given: dict[str, Any]) -> list[str] | None:
    call = call_of(given)
    assert call is not None
    return None if call.records is None else [each.status for each in call.records]


def test_each_record_has_the_answer_that_echoes_it() -> None:
    gb = record("gb", quantity=None, quantityAsDecimal="1.50")
    results = [{"usageRecord": gb, "status": "DuplicateRecord"}]
    results.append({"usageRecord": record(), "status": "Success", "meteringRecordId": "m1"})
    call = call_of(event([record(), gb], results))
    assert call is not None and call.records is not None
    assert [(each.dimension, each.quantity, each.status) for each in call.records] == [
        ("runs", Decimal(5), "Success"),
        ("gb", Decimal("1.5"), "DuplicateRecord"),
    ]
    assert (call.records[0].customer, call.records[0].hour) == ("l-7", int(from_iso("2026-11-15T14:00:00Z")))
    assert (call.caller, call.records[0].metering_record_id) == ("ours", "m1")


def test_two_records_of_one_slot_take_their_answers_in_order() -> None:
    results = [{"usageRecord": record(), "status": status} for status in ("Success", "DuplicateRecord")]
    assert statuses(event([record(), record()], results)) == ["Success", "DuplicateRecord"]


def test_an_unprocessed_record_is_refused_and_one_that_is_not_named_unknown() -> None:
    given = event([record(), record("gb")], [])
    given["responseElements"]["unprocessedRecords"] = [record()]
    assert statuses(given) == [REFUSED, UNKNOWN]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", REFUSED),
        ("InvalidUsageDimensionException", REFUSED),
        ("AccessDenied", REFUSED),
        ("InternalServiceErrorException", UNKNOWN),
        ("ServiceUnavailable", UNKNOWN),
        ("SomethingNew", UNKNOWN),
    ],
)
def test_an_error_says_whether_anything_may_have_been_done(code: str, status: str) -> None:
    assert statuses(event([record()], errorCode=code)) == [status]


def test_omitted_parts() -> None:
    omitted = {"omitted": True, "originalSize": 1, "reason": "too large"}
    assert statuses(event([record()], responseElements=omitted)) == [UNKNOWN]
    assert statuses(event(omitted, [{"usageRecord": record(), "status": "Success"}])) == ["Success"]
    assert statuses(event(omitted, responseElements=omitted)) is None
    assert statuses(event(omitted, errorCode="ThrottlingException")) == []


@pytest.mark.parametrize("odd", [{"timestamp": "?"}, {"timestamp": None}, {"quantity": "x"}])
def test_a_record_of_a_buyer_that_cannot_be_read_is_a_gap(odd: dict[str, Any]) -> None:
    given = event([record("gb"), record(**odd)], [])
    call = call_of(given)
    assert call is not None and call.unread
    assert statuses(given) == [UNKNOWN]
    trail = Trail("product")
    trail.add([call])
    assert trail.has_gap(call.at, call.at)
    refused = call_of(event([record(**odd)], errorCode="ThrottlingException"))
    assert refused is not None and not refused.unread


def test_what_names_nobody_is_left_out_and_other_services_are_none() -> None:
    call = call_of(event([record(licenseArn="none"), record(licenseArn="none", timestamp="?")], []))
    assert call is not None and (call.records, call.unread) == ((), False)
    assert call_of(event([]) | {"eventSource": "s3.amazonaws.com"}) is None


def test_callers() -> None:
    assert caller_of({"arn": "arn:aws:iam::1:user/path/ann", "userName": "ann"}) == "ann"
    assert caller_of({"arn": "arn:aws:iam::1:root"}) == "arn:aws:iam::1:root"


@pytest.mark.parametrize(
    "written",
    ["Nov 15, 2026 2:00:00 PM", "Nov 15, 2026, 2:00:00\u202fPM", "2026-11-15T14:00:00Z", 1794751200, 1794751200.0],
)
def test_times_in_every_form(written: Any) -> None:
    assert moment_of(written) == from_iso("2026-11-15T14:00:00Z")


class Client:
    """LookupEvents with an answer or an error for each call."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), []  # type: ignore[var-annotated]

    def lookup_events(self, **request: Any) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise ClientError({"Error": {"Code": answer}}, "LookupEvents")
        return answer


def page(token: str = "") -> dict[str, Any]:
    return {"Events": [{"CloudTrailEvent": json.dumps(event([], []))}], **({"NextToken": token} if token else {})}


def test_pages_follow_each_other_paced_and_again_after_throttling() -> None:
    waits: list[float] = []
    client = Client("ThrottlingException", page("t"), "InternalServerException", page())
    assert len(list(MeteringCalls(client, waits.append).between(0, 60))) == 2
    assert [request.get("NextToken") for request in client.asked] == [None, None, "t", "t"]
    assert min(waits) >= 0.5 and len(waits) == 4


def test_a_refusal_is_raised_at_once() -> None:
    client = Client("AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        list(MeteringCalls(client, lambda _: None).between(0, 60))
    assert len(client.asked) == 1
