"""A metering record as it is read, and what is derived from its lines."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.metering_record import ENDED, FAILED, RANK, Line, MeteringRecord, from_item
from ledger.metering_records import PENDING_VALUES, pending_value

ITEM = {
    "customerIdentifier": "c",
    "timestamp": Decimal(3600),
    "state": "sealed",
    "version": Decimal(4),
    "settleVersion": Decimal(2),
    "counted#api_calls#2026-11": Decimal(2400),
    "counted#a#b#2026-10": Decimal(1),
    "lines": {
        "api_calls": {
            "quantity": Decimal(2),
            "counted": Decimal(2400),
            "included": {"2026-11": Decimal(400)},
            "scale": Decimal(1000),
            "decimals": Decimal(0),
            "deadline": Decimal(90000),
        }
    },
    "identity": {"integration": "legacy"},
    "sentTimestamp": Decimal(3600),
    "meteringPending": "true#3",
    "verdict#api_calls": {
        "verdict": "not_subscribed",
        "rank": Decimal(1),
        "at": Decimal("7200.5"),
        "statusChangedAt": Decimal(0),
        "detail": "why",
    },
    "attempts#api_calls": {"one", "two"},
}


def line(verdict: str | None, resolution: str | None = None) -> Line:
    return Line(
        dimension="d", quantity=Decimal(2), counted=Decimal(2), scale=1000, verdict=verdict, resolution=resolution
    )


def record(state: str, *verdicts: str | None) -> MeteringRecord:
    lines = {str(number): line(verdict) for number, verdict in enumerate(verdicts)}
    return MeteringRecord(customer_identifier="c", hour=0, state=state, version=1, lines=lines)


def test_an_item_is_read_whole() -> None:
    read = from_item(ITEM)
    assert (read.hour, read.state, read.version, read.settle_version) == (3600, "sealed", 4, 2)
    assert read.counted == {("api_calls", "2026-11"): 2400, ("a#b", "2026-10"): 1}
    assert (read.sent_timestamp, read.pending, read.marked_failed) == (3600, "true#3", False)
    assert read.lines["api_calls"] == Line(
        dimension="api_calls",
        quantity=Decimal(2),
        counted=Decimal(2400),
        included={"2026-11": Decimal(400)},
        scale=1000,
        deadline=90000,
        verdict="not_subscribed",
        at=7200.5,
        status_changed_at=0,
        detail="why",
        attempts=frozenset({"one", "two"}),
    )


def test_an_attempt_with_all_lines_is_each_lines_own() -> None:
    read = from_item({**ITEM, "attempts": {"three"}})
    assert read.attempts == {"three"}
    assert read.lines["api_calls"].attempts == {"one", "two", "three"}
    alone = from_item(
        {name: value for name, value in ITEM.items() if not name.startswith("attempts")} | {"attempts": {"x"}}
    )
    assert alone.lines["api_calls"].attempts == {"x"}


def test_an_open_item_has_no_lines_yet() -> None:
    read = from_item({"customerIdentifier": "c", "timestamp": 0, "state": "open", "version": 1})
    assert (read.lines, read.sent_timestamp, read.pending, read.marked_failed) == ({}, None, None, False)
    assert not read.ended


@pytest.mark.parametrize(
    ("verdict", "ended", "failed"),
    [
        (None, False, False),
        ("not_subscribed", False, False),
        ("rejected", False, False),
        ("not_sent", True, False),
        ("conflict", True, True),
        ("expired", True, True),
        ("presumed_on_file", True, True),
        ("billed", True, False),
        ("on_file", True, False),
    ],
)
def test_what_a_verdict_means(verdict: str | None, ended: bool, failed: bool) -> None:
    assert line(verdict).ended is ended
    assert line(verdict).failed is failed
    assert line(verdict, resolution="lost").failed is failed, "a person has to decide"
    assert not line(verdict, resolution="carried").failed
    assert not line(verdict, resolution="written_off").failed


@pytest.mark.parametrize(
    ("verdict", "attempts", "unconfirmed"),
    [
        ("conflict", (), True),
        ("presumed_on_file", (), True),
        ("expired", ("0-over",), True),
        ("expired", (), False),
        ("not_sent", (), False),
        ("billed", ("0-over",), False),
        (None, ("0-over",), False),
    ],
)
def test_what_may_have_been_billed_all_the_same(
    verdict: str | None, attempts: tuple[str, ...], unconfirmed: bool
) -> None:
    """An expired line is certainly not billed if no call with it is unanswered."""
    assert replace(line(verdict), attempts=frozenset(attempts)).unconfirmed is unconfirmed
    assert not replace(line(verdict, "lost"), attempts=frozenset(attempts)).unconfirmed


def test_verdicts_rank_as_designed() -> None:
    assert RANK["not_subscribed"] == RANK["rejected"]
    unconfirmed = {RANK[verdict] for verdict in ("conflict", "expired", "presumed_on_file")}
    assert unconfirmed == {RANK["rejected"] + 1}
    assert RANK["billed"] > max(unconfirmed)
    assert set(RANK) - ENDED == {"not_subscribed", "rejected", "retried"}
    assert FAILED < ENDED


@pytest.mark.parametrize(
    ("found", "ended"),
    [
        (record("sealed"), True),
        (record("sealed", "billed", "expired"), True),
        (record("sealed", "billed", None), False),
        (record("sealed", "billed", "rejected"), False),
        (record("closing", "billed"), False),
        (record("open"), False),
    ],
)
def test_a_record_has_ended_when_its_every_line_has(found: MeteringRecord, ended: bool) -> None:
    assert found.ended is ended


def test_units_are_recorded_units() -> None:
    assert line(None).units == 2000


@pytest.mark.parametrize("shards", [1, 2, 8, 16])
def test_find_due_asks_for_every_pending_value_that_any_setting_writes(shards: int) -> None:
    """H18: changing the number of shards must not orphan records."""
    assert {pending_value(f"customer-{number}", shards) for number in range(300)} <= set(PENDING_VALUES)


def test_shards_spread_customers_and_one_customer_stays_in_one() -> None:
    assert pending_value("c", 1) == pending_value("c", 0) == "true"
    assert len({pending_value(f"customer-{number}", 16) for number in range(300)}) == 16
    assert pending_value("c", 16) == pending_value("c", 16)
