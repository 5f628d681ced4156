"""The function of the audit: it reads its day and part, stores each difference once, and counts."""

from decimal import Decimal
from typing import Any

import pytest

from archive.archive_changes import archive_changes
from archive.conservation.audit_day import Part, day_before
from archive.conservation.findings import store
from archive.conservation.rules import Difference
from archive.handlers import audit_conservation as handler
from archive.kept import ARCHIVED
from ledger.tables import AUDIT, USAGE_EVENTS
from local.dynamodb.store import MemoryDynamoDB
from runtime.clock import from_iso
from tests.unit.archive.bucket import Bucket, in_memory
from tests.unit.archive.streams import change
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context

(EVENTS,) = [kept for kept in ARCHIVED if kept.table is USAGE_EVENTS]
HOUR = int(from_iso("2026-11-15T09:00:00Z"))
#: An event whose hour is missing.
LONE = {
    "customerIdentifier": "l-1",
    "eventId": "event#a",
    "content": {"dimension": "api_calls", "source": "app"},
    "period": "2026-11",
    "counted": Decimal("1.5"),
    "billedHour": HOUR,
}


@pytest.fixture
def bucket() -> Bucket:
    made = Bucket()
    archive_changes(in_memory(made), EVENTS, [change(USAGE_EVENTS, LONE)])
    return made


@pytest.fixture
def call(bucket: Bucket, dynamodb: MemoryDynamoDB, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ARCHIVE_BUCKET", "archive")
    monkeypatch.setenv("AUDIT_TABLE", AUDIT.name)
    monkeypatch.setattr("runtime.aws.client", lambda _service: bucket)
    monkeypatch.setattr("runtime.clock.now", lambda: from_iso("2026-11-16T06:40:00Z"))
    handler.settings.cache_clear()
    return lambda **event: handler.handler(event, Context())


def findings(dynamodb: MemoryDynamoDB) -> list[Any]:
    query: Any = dynamodb.Table(AUDIT.name).query
    return list(
        query(KeyConditionExpression="subject = :subject", ExpressionAttributeValues={":subject": "l-1"})["Items"]
    )


def test_it_audits_yesterday_and_stores_what_it_finds_once(
    call: Any, dynamodb: MemoryDynamoDB, capsys: pytest.CaptureFixture[str]
) -> None:
    with log_lines(handler.logger) as lines:
        answer = call(part="0", parts="1")
    assert answer == {
        "day": "2026-11-15",
        "number": 0,
        "of": 1,
        "customers": 1,
        "hours": 1,
        "leftOut": 0,
        "lines": 1,
        "differences": 1,
    }
    (found,) = findings(dynamodb)
    assert found["item"] == "finding#conservation#2026-11-15T09:00:00Z#api_calls#events"
    assert (found["findingState"], found["ours"], found["theirs"]) == ("open", 0, Decimal("1.5"))
    assert emitted(capsys) == {"CustomersAudited": 1, "ConservationFindings": 1}
    assert "not conserved" in lines.getvalue() and '"customer":"l-1"' in lines.getvalue()


def test_a_finding_that_a_person_has_closed_stays_closed(call: Any, dynamodb: MemoryDynamoDB) -> None:
    call()
    (found,) = findings(dynamodb)
    closed = {name: value for name, value in found.items() if name != "findingState"} | {"resolution": "a test"}
    dynamodb.Table(AUDIT.name).put_item(Item=closed)
    call()
    assert findings(dynamodb) == [closed]


def test_another_day_has_nothing_and_zero_is_counted(call: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(day="2026-11-13")["differences"] == 0
    assert emitted(capsys) == {"CustomersAudited": 0, "ConservationFindings": 0}


def test_each_customer_is_in_one_part(call: Any) -> None:
    assert sum(call(part=str(number), parts="5")["customers"] for number in range(5)) == 1


@pytest.mark.parametrize(
    "event", [{"day": "yesterday"}, {"part": "1", "parts": "1"}, {"part": "-1"}, {"parts": "0"}, {"part": "x"}]
)
def test_another_input_is_refused(call: Any, event: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        call(**event)


def test_what_is_too_young_to_be_archived_is_not_looked_at(
    call: Any, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.clock.now", lambda: from_iso("2026-11-15T09:31:00Z"))
    assert call(day="2026-11-15")["customers"] == 0


def test_an_error_of_the_table_is_not_swallowed() -> None:
    class Broken:
        def put_item(self, **_: Any) -> None:
            raise ConnectionError

    table: Any = Broken()
    with pytest.raises(ConnectionError):
        store(table, "l-1", [Difference("2026-11-15T00:00:00Z", "x", "balance", Decimal(1), Decimal(2))], 0)


def test_the_day_before_is_the_last_whole_one() -> None:
    assert day_before(from_iso("2026-12-01T00:00:00Z")) == "2026-11-30"
    assert day_before(from_iso("2026-11-30T23:59:59Z")) == "2026-11-29"


def test_a_part_is_the_same_in_every_process() -> None:
    """Python's own hash of a text differs from process to process."""
    assert [number for number in range(8) if Part(number, 8).has("l-0123456789abcdef")] == [1]
