"""What of a table's changes goes to the archive, and that the stream's filters say the same."""

from typing import Any

import pytest

from archive.kept import ARCHIVED, Kept, kept_of
from ledger.attribute_values import from_attributes, to_attributes
from ledger.tables import AUDIT, METERING_RECORDS, STATE, SUBSCRIBERS, USAGE_EVENTS, Table
from tests.unit.archive.streams import change

BY_TABLE = {kept.table: kept for kept in ARCHIVED}
EVENT = {"customerIdentifier": "l-1", "eventId": "event#a"}


def matches(record: Any, pattern: Any) -> bool:
    """Lambda Developer Guide, "Filter rule syntax": every name of the pattern, and any of each list."""
    for name, rule in pattern.items():
        value = record.get(name) if isinstance(record, dict) else None
        if isinstance(rule, dict):
            if not matches(value, rule):
                return False
        elif not any(_meets(value, each) for each in rule):
            return False
    return True


def _meets(value: Any, rule: Any) -> bool:
    if not isinstance(rule, dict):
        return bool(value == rule)
    ((kind, wanted),) = rule.items()
    if kind == "exists":
        return (value is not None) is bool(wanted)
    if kind == "prefix":
        return isinstance(value, str) and value.startswith(wanted)
    assert kind == "anything-but"
    return value is not None and value not in wanted


CASES: list[tuple[Table, dict[str, Any], bool]] = [
    (USAGE_EVENTS, EVENT, True),
    (USAGE_EVENTS, EVENT | {"eventId": "tags#2026-11-15T08#api_calls#ab"}, True),
    (USAGE_EVENTS, EVENT | {"eventId": "allocations#2026-11-15T08#api_calls#0"}, True),
    (USAGE_EVENTS, EVENT | {"eventId": "mark#active_users#2026-11#ab12"}, False),
    (USAGE_EVENTS, EVENT | {"eventId": "mark#peak_nodes#2026-11#highest"}, False),
    (STATE, {"customerIdentifier": "l-1", "item": "balance"}, True),
    (STATE, {"customerIdentifier": "#paused", "item": "l-1"}, True),
    (STATE, {"customerIdentifier": "run#2026-11-15T08:10:00Z", "item": "tally"}, False),
    (METERING_RECORDS, {"customerIdentifier": "l-1", "timestamp": 1_794_729_600}, True),
    (SUBSCRIBERS, {"customerIdentifier": "l-1"}, True),
    (AUDIT, {"subject": "l-1", "item": "action#2026-11-15T08:00:00.000Z#1"}, True),
]


@pytest.mark.parametrize(("table", "item", "kept"), CASES)
@pytest.mark.parametrize("name", ["INSERT", "MODIFY", "REMOVE"])
def test_filters_and_function_keep_the_same_items(table: Table, item: dict[str, Any], kept: bool, name: str) -> None:
    record, rule = change(table, item, name=name), BY_TABLE[table]
    assert rule.keeps(record) is kept
    assert any(matches(record, pattern) for pattern in rule.patterns()) is kept


@pytest.mark.parametrize("table", [table for table in BY_TABLE if table.ttl])
def test_what_ttl_removes_stays_in_the_archive(table: Table) -> None:
    item = EVENT if table is USAGE_EVENTS else {"customerIdentifier": "l-1", "item": "balance"}
    record = change(table, item, name="REMOVE")
    record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert not BY_TABLE[table].keeps(record)
    assert not any(matches(record, pattern) for pattern in BY_TABLE[table].patterns())


def test_every_archived_table_has_a_stream_and_a_mapping_has_at_most_five_filters() -> None:
    """Lambda quotas: five filters a mapping, of 4,096 characters each."""
    for kept in ARCHIVED:
        assert kept.table.stream, kept.table.name
        assert len(list(kept.patterns())) <= 5


def test_contact_data_of_a_buyer_never_reaches_the_archive() -> None:
    item = {"customerIdentifier": "l-1", "email": "a@b.de", "company": "B", "name": "A", "version": 2}
    image = BY_TABLE[SUBSCRIBERS].image(to_attributes(item))
    assert image is not None
    assert from_attributes(dict(image)) == {"customerIdentifier": "l-1", "version": 2}
    assert item["email"] == "a@b.de", "the given image stays as it is"


def test_the_hash_of_a_user_never_reaches_the_archive_and_the_rest_of_the_event_does() -> None:
    content = {"source": "app", "dimension": "active_users", "userHash": "ab12", "tags": {"team": "x"}}
    image = BY_TABLE[USAGE_EVENTS].image(to_attributes(EVENT | {"content": content, "counted": 1}))
    assert image is not None
    assert from_attributes(dict(image)) == EVENT | {
        "content": {"source": "app", "dimension": "active_users", "tags": {"team": "x"}},
        "counted": 1,
    }


def test_an_image_without_what_is_left_out_is_itself() -> None:
    for kept in ARCHIVED:
        image = {"customerIdentifier": {"S": "l-1"}}
        assert kept.image(image) == image
        assert kept.image(None) is None


def test_a_damaged_item_is_archived_as_it_is() -> None:
    """One change that cannot be archived would hold up all that come behind it."""
    image = {"eventId": {"S": "event#a"}, "content": {"S": "gone"}}
    assert BY_TABLE[USAGE_EVENTS].image(image) == image


def test_a_stream_is_known_by_its_table_without_the_stages_suffix() -> None:
    arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/yawl-usage-events-dev/stream/2026-11-01T00:00:00.000"
    found: Kept = kept_of(arn, "-dev")
    assert found.table is USAGE_EVENTS
    for wrong in (arn.replace("usage-events", "notices"), arn.replace("-dev", "-test")):
        with pytest.raises(LookupError, match="is not archived"):
            kept_of(wrong, "-dev")
