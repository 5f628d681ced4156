"""What a verdict and CloudTrail mean together, at the boundaries of time and of doubt."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.metering_record import Line
from reconcile import kinds
from reconcile.calls.hour import merged
from reconcile.calls.rules import DOUBT_AFTER, LOST_AFTER, hour_name, judge_line, judge_unconfirmed, stretch_of
from reconcile.calls.seen import Accepted, Seen
from runtime.clock import from_iso

HOUR = int(from_iso("2026-11-15T14:00:00Z"))
AT = HOUR + 4_200.0
SLOT = ("customer", "runs", HOUR)
OURS = frozenset({"ours"})


def line(verdict: str | None, quantity: int = 5, **more: Any) -> Line:
    return Line(dimension="runs", quantity=Decimal(quantity), counted=Decimal(quantity), verdict=verdict, at=AT, **more)


def accepted(quantity: int = 5, caller: str = "ours") -> Accepted:
    return Accepted(Decimal(quantity), caller, AT - 2, "record-1")


def unconfirmed(seen: Seen | None, verdict: str = "expired", **more: Any) -> tuple[str | None, str | None]:
    given: dict[str, Any] = {"now": AT + LOST_AFTER, "complete": True, "gap": False, **more}
    outcome = judge_unconfirmed(SLOT, line(verdict), seen, callers=OURS, **given)
    return outcome.confirmed, outcome.finding.kind if outcome.finding else None


def test_our_quantity_is_on_file_however_early_it_is_seen() -> None:
    assert unconfirmed(Seen([accepted()]), now=AT + 1800, complete=False) == ("on_file", None)


def test_another_quantity_in_the_slot_is_proof_that_ours_is_lost() -> None:
    assert unconfirmed(Seen([accepted(3)]), now=AT + 1800, complete=False) == ("lost", kinds.OTHER_AMOUNT)
    assert unconfirmed(Seen([accepted(3, "stranger")])) == ("lost", kinds.FOREIGN_CALL)


def test_nothing_seen_is_lost_only_when_nothing_can_come_or_hide() -> None:
    assert unconfirmed(None) == ("lost", None)
    assert unconfirmed(None, now=AT + LOST_AFTER - 1) == (None, None)
    assert unconfirmed(None, complete=False) == (None, None)
    assert unconfirmed(None, gap=True) == (None, None)
    assert unconfirmed(Seen(doubtful=True)) == (None, None)


@pytest.mark.parametrize("verdict", ["conflict", "presumed_on_file"])
def test_a_duplicate_that_the_log_does_not_show_says_that_the_log_is_not_complete(verdict: str) -> None:
    assert unconfirmed(None, verdict) == (None, None)
    assert unconfirmed(None, verdict, now=AT + DOUBT_AFTER) == (None, kinds.UNVERIFIABLE)
    assert unconfirmed(Seen([accepted()]), verdict) == ("on_file", None)
    assert unconfirmed(Seen([accepted(3)]), verdict) == ("lost", kinds.OTHER_AMOUNT)


@pytest.mark.parametrize("doubt", [{"gap": True}, {"complete": False}, {"seen": Seen(doubtful=True)}])
def test_after_a_day_of_doubt_a_person_is_told(doubt: dict[str, Any]) -> None:
    given = {"seen": None, **doubt}
    assert unconfirmed(**given, now=AT + DOUBT_AFTER - 1) == (None, None)
    assert unconfirmed(**given, now=AT + DOUBT_AFTER) == (None, kinds.UNVERIFIABLE)


def judged(ours: Line | None, seen: Seen | None, *, gap: bool = False) -> list[str]:
    return [each.kind for each in judge_line(SLOT, ours, seen, gap=gap, callers=OURS)]


@pytest.mark.parametrize("verdict", ["billed", "on_file"])
def test_a_billed_line_is_in_the_log_with_its_quantity(verdict: str) -> None:
    assert judged(line(verdict), Seen([accepted()])) == []
    assert judged(line(verdict), None) == [kinds.ONLY_HERE]
    assert judged(line(verdict), Seen([accepted(3)])) == [kinds.OTHER_AMOUNT]


def test_what_the_log_does_not_show_is_no_difference() -> None:
    assert judged(line("billed"), None, gap=True) == []
    assert judged(line("billed"), Seen(doubtful=True)) == []
    assert judged(line("billed"), Seen([accepted(3)], doubtful=True), gap=True) == [kinds.OTHER_AMOUNT]


def test_a_line_that_is_not_billed_is_not_in_the_log() -> None:
    assert judged(line("not_sent"), None) == judged(line("expired"), None) == []
    assert judged(line("not_sent"), Seen([accepted()])) == [kinds.ONLY_THERE]
    assert judged(line("expired"), Seen([accepted(3)])) == [kinds.OTHER_AMOUNT]
    assert judged(line("conflict", resolution="written_off"), Seen([accepted()])) == [kinds.ONLY_THERE]


def test_a_line_that_is_open_or_unconfirmed_is_judged_elsewhere() -> None:
    for pending in (line(None), line("rejected"), line("conflict")):
        assert judged(pending, Seen([accepted(3)])) == []


def test_a_slot_without_a_line() -> None:
    assert judged(None, Seen([accepted()])) == [kinds.ONLY_THERE]
    assert judged(None, Seen(doubtful=True)) == judged(None, None) == []


def test_a_stranger_is_named_whatever_the_amount() -> None:
    for ours in (None, line("billed"), line("conflict", resolution="lost")):
        (found,) = judge_line(SLOT, ours, Seen([accepted(), accepted(5, "stranger")]), gap=False, callers=OURS)
        assert (found.kind, found.detail["caller"]) == (kinds.FOREIGN_CALL, "stranger")
    assert judge_line(SLOT, line("billed"), Seen([accepted(5, "any")]), gap=False, callers=frozenset()) == []


def test_a_finding_names_both_amounts_and_the_hour() -> None:
    (found,) = judge_line(SLOT, line("billed"), Seen([accepted(3)]), gap=False, callers=OURS)
    assert (found.period, found.ours, found.theirs) == ("2026-11-15T14:00Z", "5", "3")
    assert found.detail == {"verdict": "billed", "caller": "ours", "seenAt": "2026-11-15T15:09:58Z"}
    assert hour_name(HOUR) == "2026-11-15T14:00Z"


def test_stretches_follow_each_other_without_a_gap() -> None:
    first, second = stretch_of(HOUR), stretch_of(HOUR + 3600)
    assert second[0] < first[1]
    assert merged([first, second, (0, 1)]) == [(0, 1), (first[0], second[1])]
