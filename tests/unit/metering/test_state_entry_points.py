"""The states' entry points, as the workflow calls them: keys and counts in, keys and counts out."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ledger.pauses import Paused, Pauses
from marketplace.hour import deadline
from runtime.clock import iso
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.unit.metering.entry_points import KEY, Queue, at, call, emitted, prepared


@pytest.fixture(autouse=True)
def queue(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Queue:
    return prepared(ledger, monkeypatch, tmp_path)


def test_an_hour_from_due_to_planned(ledger: Ledger) -> None:
    ledger.opened()
    page = call("find_due_hours", {"startedAt": iso(NOW), "hour": None, "cursor": None})
    assert page == {"chunks": [[KEY]], "cursor": None, "more": False, "events": 14}
    assert call("seal_hours", {"keys": [KEY]}) == {
        "sealed": 1,
        "waiting": 0,
        "already": 0,
        "failed": 0,
    }
    assert call("plan_batches", {"chunks": page["chunks"]}) == {
        "lanes": [[{KEY: ["api_calls"]}]],
        "left": False,
        "events": 40,
    }
    assert call("settle_hours", {"keys": [KEY]}) == {"expired": 0, "not_sent": 0, "tidied": 0}
    assert ledger.pending() == {(CUSTOMER, HOUR)}


def test_a_run_may_name_its_hour(ledger: Ledger) -> None:
    ledger.opened()
    assert call("find_due_hours", {"startedAt": iso(NOW), "hour": iso(HOUR - 3600)})["chunks"] == []
    assert call("find_due_hours", {"startedAt": iso(NOW), "hour": iso(HOUR)})["chunks"] == [[KEY]]


def test_a_page_may_be_smaller(ledger: Ledger) -> None:
    for number in range(3):
        ledger.opened(hour=HOUR - number * 3600)
    page = call("find_due_hours", {"startedAt": iso(NOW), "most": 2})
    assert ([len(chunk) for chunk in page["chunks"]], page["more"]) == ([2], True)
    assert call("find_due_hours", {"startedAt": iso(NOW), "most": 2, "cursor": page["cursor"]})["more"] is False


class Marketplace:
    """botocore's client of AWS Marketplace Metering: every line is a Success."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.busy_for: set[int] = set()

    def batch_meter_usage(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        records = request["UsageRecords"]
        if self.busy_for & {int(record["Timestamp"].timestamp()) for record in records}:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "BatchMeterUsage")
        return {"Results": [{"UsageRecord": r, "Status": "Success", "MeteringRecordId": "id"} for r in records]}


@pytest.fixture
def marketplace(monkeypatch: pytest.MonkeyPatch) -> Marketplace:
    made = Marketplace()
    monkeypatch.setattr("marketplace.seller.Seller.client", lambda *_arguments: made)
    return made


def test_a_lane_is_submitted_and_its_line_billed(ledger: Ledger, marketplace: Marketplace) -> None:
    ledger.opened()
    call("seal_hours", {"keys": [KEY]})
    (lane,) = call("plan_batches", {"chunks": [[KEY]]})["lanes"]
    assert call("submit_batch", {"batches": lane, "run": "run-1", "execution": "e-1"}) == {"left": 0}
    (request,) = marketplace.requests
    assert [(record["Dimension"], record["Quantity"]) for record in request["UsageRecords"]] == [("api_calls", 2)]
    line = ledger.record().lines["api_calls"]
    assert (line.verdict, line.metering_record_id, line.run) == ("billed", "id", "e-1")


def test_a_lane_says_how_many_of_its_batches_are_left(
    ledger: Ledger, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.pause.time.sleep", lambda _seconds: None)
    hours = (HOUR, HOUR - 3600)
    keys = [f"{CUSTOMER}|{hour}" for hour in hours]
    for hour in hours:
        ledger.opened(hour=hour)
    call("seal_hours", {"keys": keys})
    marketplace.busy_for = {HOUR}
    assert call("submit_batch", {"batches": [{key: ["api_calls"]} for key in keys], "run": "run-1"}) == {"left": 1}
    verdicts = [ledger.record(hour=hour).lines["api_calls"].verdict for hour in hours]
    assert verdicts == [None, "billed"]


def test_the_batches_of_a_lane_read_the_pauses_together(
    ledger: Ledger, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = (HOUR, HOUR - 3600)
    for hour in hours:
        ledger.opened(hour=hour)
    call("seal_hours", {"keys": [f"{CUSTOMER}|{hour}" for hour in hours]})
    reads: list[Paused] = []
    read = Pauses.read

    def counted(pauses: Pauses) -> Paused:
        reads.append(read(pauses))
        return reads[-1]

    monkeypatch.setattr(Pauses, "read", counted)
    for _ in range(2):
        batches = [{f"{CUSTOMER}|{hour}": ["api_calls"]} for hour in hours]
        call("submit_batch", {"batches": batches, "run": "run-1"})
    assert len(marketplace.requests) == 2
    assert len(reads) == 2, "once a lane"


def test_what_a_lane_has_billed_is_counted_once(
    ledger: Ledger, marketplace: Marketplace, capsys: pytest.CaptureFixture[str]
) -> None:
    """2,400 calls are two billed units of 0.25; a repeat of the lane bills nothing more."""
    ledger.opened()
    call("seal_hours", {"keys": [KEY]})
    (lane,) = call("plan_batches", {"chunks": [[KEY]]})["lanes"]
    emitted(capsys)
    for _ in range(2):
        call("submit_batch", {"batches": lane, "run": "run-1"})
    lines = emitted(capsys)
    by_dimension = [(line["dimension"], line["UnitsBilled"]) for line in lines if "UnitsBilled" in line]
    assert by_dimension == [("api_calls", [2.0])]
    assert [line["MoneyBilled"] for line in lines if "MoneyBilled" in line] == [[0.5]]


def test_an_hour_within_the_seal_delay_is_not_due(ledger: Ledger, tmp_path: Path) -> None:
    ledger.opened()
    at(tmp_path, HOUR + 3600 + 590)
    assert call("find_due_hours", {"startedAt": iso(HOUR + 3600 + 590)})["chunks"] == []


def test_lines_past_their_deadline_end_expired_and_are_reported(ledger: Ledger, tmp_path: Path, queue: Queue) -> None:
    ledger.opened()
    call("seal_hours", {"keys": [KEY]})
    at(tmp_path, deadline(HOUR) + 1)
    assert call("plan_batches", {"chunks": [[KEY]]})["lanes"] == []
    assert call("settle_hours", {"keys": [KEY]})["expired"] == 1
    assert call("settle_hours", {"keys": [KEY]}) == {"expired": 0, "not_sent": 0, "tidied": 0}
    summary = call("report", {"startedAt": iso(NOW), "fault": {"Error": "ProductFault"}})
    assert (summary["pendingHours"], summary["oldestPendingHour"], summary["fault"]) == (
        0,
        None,
        {"Error": "ProductFault"},
    )
    assert (summary["failedLines"], summary["failedUnits"]) == ({"expired": 1}, {"api_calls": "2000"})
    assert summary["failed"] == [
        {"record": KEY, "dimension": "api_calls", "quantity": "2", "verdict": "expired"},
    ]
    assert queue.taken() == [
        {
            "customerIdentifier": CUSTOMER,
            "hour": iso(HOUR),
            "dimension": "api_calls",
            "verdict": "expired",
            "unconfirmed": False,
            "detail": None,
        }
    ]
    call("report", {"startedAt": iso(NOW)})
    assert queue.taken() == [], "one copy, although the level stays"


def test_the_levels_are_reported_even_if_copying_fails(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A queue that takes nothing must not silence the alarm about what its copies are of."""
    ledger.sealed(("api_calls",), "expired")
    monkeypatch.setenv("FAILED_LINES_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
    with pytest.raises(ClientError):
        call("report", {"startedAt": iso(NOW)})
    metrics = emitted(capsys)
    assert (metrics[-1]["FailedLines"], metrics[-1]["PendingHours"]) == ([1], [0])
    assert "RunsCompleted" not in metrics[-1]


def test_a_record_is_tidied_after_its_settler_crashed(ledger: Ledger) -> None:
    record = ledger.sealed(["api_calls"])
    ledger.settlement.settle(record, "api_calls", "billed", now=NOW)
    assert call("settle_hours", {"keys": [KEY]}) == {"expired": 0, "not_sent": 0, "tidied": 1}
    assert ledger.pending() == set()


def test_the_report_names_what_is_pending_as_levels(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        ledger.opened({("api_calls", MONTH): Decimal(1)}, hour=HOUR - number * 3600)
    summary = call("report", {"hour": iso(HOUR - 3600)})
    assert (summary["pendingHours"], summary["oldestPendingHour"]) == (2, iso(HOUR - 7200))
    assert summary["fault"] is None
    metrics = emitted(capsys)
    line = metrics[-1]
    assert [(one["dimension"], one.get("AtRiskUnits"), one.get("FailedUnits")) for one in metrics[:-1]] == [
        ("api_calls", [0.0], None),
        ("api_calls", None, [0.0]),
    ]
    assert (line["PendingHours"], line["FailedLines"], line["RunsCompleted"]) == ([2], [0], [1])
    assert line["OldestPendingHourAgeSeconds"][0] == pytest.approx(NOW - (HOUR - 7200) - 3600, abs=30)


def test_absent_hours_are_skipped(ledger: Ledger) -> None:
    assert call("seal_hours", {"keys": ["absent|3600"]})["already"] == 1
    assert call("plan_batches", {"chunks": [["absent|3600"], []]})["lanes"] == []
    assert call("settle_hours", {"keys": ["absent|3600"]}) == {"expired": 0, "not_sent": 0, "tidied": 0}
