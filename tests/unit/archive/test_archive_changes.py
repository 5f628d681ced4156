"""A batch of a stream becomes objects: nothing is lost, nothing changes by a repeat, every digit stays."""

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from archive.archive_changes import archive_changes
from archive.change import COLUMNS, customer_of, line, object_key, read
from archive.handlers import archive_changes as handler
from archive.kept import ARCHIVED
from archive.objects import Found
from ledger.tables import METERING_RECORDS, STATE, SUBSCRIBERS, USAGE_EVENTS
from tests.unit.archive.bucket import Bucket, in_memory
from tests.unit.archive.streams import change
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context

KEPT = {kept.table: kept for kept in ARCHIVED}
EVENTS = KEPT[USAGE_EVENTS]
DIGITS = Decimal("12345678901234567890123456789.123456789")
#: 2026-11-15T09:59:59Z, and a second later.
LAST, NEXT = 1_794_736_799.0, 1_794_736_800.0


def event(number: int, **more: Any) -> dict[str, Any]:
    at = more.pop("at", LAST)
    name = more.pop("name", "INSERT")
    item = {"customerIdentifier": f"l-{number}", "eventId": f"event#{number}", "counted": DIGITS, **more}
    return change(USAGE_EVENTS, item, number, at=at, name=name)


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def test_a_line_gives_back_the_change_with_every_digit_and_type() -> None:
    stored = {"customerIdentifier": "l-1", "item": "balance", "remainder#x": DIGITS, "flag": True, "set": {"a", "b"}}
    before = stored | {"remainder#x": Decimal("0.1")}
    record = change(STATE, stored, 7, name="MODIFY", old=before)
    found = read(line(KEPT[STATE], record))
    assert (found.customer, found.event_name, found.event_id) == ("l-1", "MODIFY", "id-7")
    assert (found.changed_at, found.sequence_number) == ("2026-11-15T09:01:00Z", "700000000000000000001")
    assert found.keys == {"customerIdentifier": "l-1", "item": "balance"}
    assert (found.new, found.old) == (stored, before)


def test_the_customer_is_read_without_the_rest_of_the_line() -> None:
    text = line(KEPT[METERING_RECORDS], change(METERING_RECORDS, {"customerIdentifier": 'ä"1', "timestamp": 1}))
    assert customer_of(text) == read(text).customer == 'ä"1'
    assert list(json.loads(text)) == list(COLUMNS)


def test_changes_of_an_item_are_ordered_by_time_and_then_by_number_and_not_by_its_text() -> None:
    early, late = (read(line(EVENTS, event(number))) for number in (9, 10))
    assert sorted([late, early], key=lambda found: found.order) == [early, late]
    copied = early._replace(event_name="COPY", sequence_number="")
    assert copied.order < early.order


def test_a_batch_over_an_hours_end_is_two_objects_in_folders_of_their_own(bucket: Bucket) -> None:
    written = archive_changes(in_memory(bucket), EVENTS, [event(1), event(2), event(3, at=NEXT)])
    assert (written.objects, written.changes, written.failed) == (2, 3, None)
    first, second = bucket.objects
    assert first.startswith("table=yawl-usage-events/day=2026-11-15/hour=09/100000000000000000001-")
    assert second.startswith("table=yawl-usage-events/day=2026-11-15/hour=10/300000000000000000001-")
    assert [read(text).customer for text in in_memory(bucket).lines(first)] == ["l-1", "l-2"]


def test_the_same_batch_again_is_the_same_object(bucket: Bucket) -> None:
    archive_changes(in_memory(bucket), EVENTS, [event(1), event(2)])
    before = dict(bucket.objects)
    archive_changes(in_memory(bucket), EVENTS, [event(1), event(2)])
    assert bucket.objects == before
    assert object_key(EVENTS, [event(1)]) not in before, "a part of the batch has another key, and overwrites nothing"


def test_a_failure_names_the_first_change_that_is_in_no_object_and_tries_nothing_behind_it(bucket: Bucket) -> None:
    bucket.fails = "hour=10"
    batch = [event(1), event(2, at=NEXT), event(3, at=NEXT), event(4, at=NEXT + 3600)]
    written = archive_changes(in_memory(bucket), EVENTS, batch)
    assert (written.objects, written.changes) == (1, 1)
    assert written.failed is not None
    assert written.failed[0] == "200000000000000000001"
    assert not [key for key in bucket.objects if "hour=11" in key]


def test_what_is_not_kept_makes_no_object(bucket: Bucket) -> None:
    mark = change(USAGE_EVENTS, {"customerIdentifier": "l-1", "eventId": "mark#active_users#2026-11#ab"})
    written = archive_changes(in_memory(bucket), EVENTS, [mark])
    assert (written, bucket.objects) == (type(written)(0, 0), {})


def test_objects_are_gzip_and_are_listed_by_key(bucket: Bucket) -> None:
    archive_changes(in_memory(bucket), EVENTS, [event(n, at=LAST + 3600 * n) for n in range(5)])
    found = list(in_memory(bucket).list("table=yawl-usage-events/day=2026-11-15/"))
    assert [each.key for each in found] == sorted(bucket.objects)
    assert found[0] == Found(found[0].key, len(bucket.objects[found[0].key]))
    assert gzip.decompress(bucket.objects[found[0].key]).endswith(b"}\n")


# --- the function -----------------------------------------------------------------------------------------------------


@pytest.fixture
def called(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ARCHIVE_BUCKET", "archive")
    monkeypatch.setenv("TABLE_SUFFIX", "-dev")
    monkeypatch.setattr("runtime.aws.client", lambda _service: bucket)
    handler.settings.cache_clear()
    handler.objects.cache_clear()
    return lambda *records: handler.handler({"Records": list(records)}, Context())


def test_the_function_archives_the_stream_of_the_stages_table(
    called: Any, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    subscriber = {"customerIdentifier": "l-1", "email": "a@b.de", "version": 1}
    assert called(change(SUBSCRIBERS, subscriber, suffix="-dev")) == {"batchItemFailures": []}
    (key,) = bucket.objects
    assert key.startswith("table=yawl-subscribers/day=2026-11-15/hour=09/")
    assert b"a@b.de" not in gzip.decompress(bucket.objects[key])
    assert emitted(capsys) == {"ChangesArchived": 1}


def test_the_function_names_what_it_could_not_write_and_logs_no_image(
    called: Any, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.fails = "table="
    item = {"customerIdentifier": "l-1", "eventId": "event#secret", "source": "app-7"}
    record = change(USAGE_EVENTS, item, 5, suffix="-dev")
    with log_lines(handler.logger) as lines:
        assert called(record) == {"batchItemFailures": [{"itemIdentifier": "500000000000000000001"}]}
    assert "not archived" in lines.getvalue()
    assert "secret" not in lines.getvalue() + capsys.readouterr().out


def test_the_function_refuses_the_stream_of_another_table(called: Any) -> None:
    with pytest.raises(LookupError):
        called(change(USAGE_EVENTS, {"customerIdentifier": "l-1", "eventId": "event#1"}, suffix="-prod"))
