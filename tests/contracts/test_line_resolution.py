"""Failed lines resolved, by Marketplace's log and by people: nothing is decided twice, and nothing uncertain."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.line_resolution import NotResolvable, carried, confirm_lost, confirm_on_file, retry, write_off
from ledger.metering_record import FAILED, UNDER_WAY, MeteringRecord, new_attempt
from ledger.transaction import Cancelled
from tests.contracts.stores import CUSTOMER, HOUR, NOW, Ledger

LATER = NOW + 3600
DEADLINE = HOUR + 86400
TO = HOUR + 7200
ROW = "yawl-metering-records"


def lost(record: MeteringRecord, name: str = "d") -> Any:
    return confirm_lost(ROW, record, name, now=LATER, complete_until=LATER)


RESOLUTIONS: dict[str, Callable[[MeteringRecord], Any]] = {
    "on_file": lambda record: confirm_on_file(ROW, record, "d", now=LATER, metering_record_id="m-1"),
    "lost": lost,
    "carried": lambda record: carried(ROW, record, "d", now=LATER, to=TO),
    "written_off": lambda record: write_off(ROW, record, "d", now=LATER),
    "retried": lambda record: retry(ROW, record, "d", now=LATER),
}


def failed(ledger: Ledger, verdict: str, *others: str, attempted: bool = False) -> MeteringRecord:
    """A line ``d`` with this verdict, beside lines that are still pending."""
    record = ledger.sealed(("d", *others))
    if attempted:
        noted = ledger.settlement.store_attempt(record, ["d"], new_attempt(NOW))
        assert noted is not None
        ledger.settlement.mark_over(noted, ["d"], next(iter(noted.lines["d"].attempts)))
    assert ledger.settlement.settle(ledger.record(), "d", verdict, now=NOW, detail="why")
    return ledger.record()


def refused(ledger: Ledger, name: str) -> str:
    with pytest.raises(NotResolvable) as why:
        RESOLUTIONS[name](ledger.record())
    return why.value.code


@pytest.mark.parametrize("verdict", sorted(FAILED))
def test_what_is_on_file_ends_billed_and_leaves_the_failed_index(ledger: Ledger, verdict: str) -> None:
    ledger.write(RESOLUTIONS["on_file"](failed(ledger, verdict)))
    line = ledger.record().lines["d"]
    assert (line.verdict, line.metering_record_id, line.failed, line.at) == ("on_file", "m-1", False, LATER)
    assert ledger.failed() == set()


@pytest.mark.parametrize("verdict", sorted(FAILED))
def test_what_is_lost_stays_failed_and_certain_until_a_person_decides(ledger: Ledger, verdict: str) -> None:
    ledger.write(lost(failed(ledger, verdict, attempted=True)))
    line = ledger.record().lines["d"]
    assert (line.verdict, line.detail, line.at, line.resolution) == (verdict, "why", NOW, "lost")
    assert (line.failed, line.unconfirmed) == (True, False)
    assert ledger.failed() == {(CUSTOMER, HOUR)}
    assert refused(ledger, "lost") == "lost"


def test_a_line_is_lost_only_if_the_log_reaches_the_last_call(ledger: Ledger) -> None:
    record = failed(ledger, "presumed_on_file", attempted=True)
    with pytest.raises(NotResolvable, match="does not reach"):
        confirm_lost(ROW, record, "d", now=LATER, complete_until=NOW + UNDER_WAY - 1)
    ledger.write(confirm_lost(ROW, record, "d", now=LATER, complete_until=NOW + UNDER_WAY))


@pytest.mark.parametrize("name", ["carried", "written_off", "retried"])
def test_no_person_decides_about_a_line_that_may_be_billed(ledger: Ledger, name: str) -> None:
    failed(ledger, "expired", attempted=True)
    assert refused(ledger, name) == "unconfirmed"
    ledger.write(lost(ledger.record()))
    ledger.write(RESOLUTIONS[name](ledger.record()))
    assert ledger.failed() == set()


def test_an_unconfirmed_line_is_written_off_where_that_is_asked_for(ledger: Ledger) -> None:
    ledger.write(write_off(ROW, failed(ledger, "conflict"), "d", now=LATER, unconfirmed=True))
    assert ledger.record().lines["d"].resolution == "written_off"


@pytest.mark.parametrize("name", ["carried", "written_off"])
def test_a_decided_line_is_named_and_decided_once(ledger: Ledger, name: str) -> None:
    ledger.write(RESOLUTIONS[name](failed(ledger, "expired")))
    line = ledger.record().lines["d"]
    assert (line.verdict, line.resolution, line.resolved_at, line.failed) == ("expired", name, LATER, False)
    assert line.carried_to == (TO if name == "carried" else None)
    assert {refused(ledger, again) for again in ("carried", "written_off", "retried", "lost")} == {name}


@pytest.mark.parametrize("name", RESOLUTIONS)
def test_of_two_who_decide_at_once_one_wins(ledger: Ledger, name: str) -> None:
    record = failed(ledger, "expired")
    ledger.write(write_off(ROW, record, "d", now=LATER))
    with pytest.raises(Cancelled):
        ledger.write(RESOLUTIONS[name](record))


def test_nothing_overwrites_carried_units(ledger: Ledger) -> None:
    """An answer that comes all the same must not hide that the units are billed in another hour."""
    ledger.write(RESOLUTIONS["carried"](failed(ledger, "expired")))
    assert ledger.settlement.settle(ledger.record(), "d", "billed", now=LATER) is None
    assert refused(ledger, "on_file") == "carried"


def test_what_was_written_off_may_turn_out_to_be_on_file(ledger: Ledger) -> None:
    ledger.write(RESOLUTIONS["written_off"](failed(ledger, "expired")))
    ledger.write(RESOLUTIONS["on_file"](ledger.record()))
    assert ledger.record().lines["d"].verdict == "on_file"


# --- retry ------------------------------------------------------------------------------------------------------------


def test_a_retried_line_is_pending_again_as_it_was_sealed(ledger: Ledger) -> None:
    before = failed(ledger, "presumed_on_file", attempted=True)
    ledger.write(lost(before))
    ledger.write(RESOLUTIONS["retried"](ledger.record()))
    after = ledger.record()
    line = after.lines["d"]
    assert (line.verdict, line.detail, line.ended, line.resolution) == ("retried", "was presumed_on_file", False, None)
    assert (line.quantity, after.sent_timestamp) == (before.lines["d"].quantity, before.sent_timestamp)
    assert line.attempts == before.lines["d"].attempts, "so that a duplicate is still presumed to be ours"
    assert (ledger.pending(), ledger.failed()) == ({(CUSTOMER, HOUR)}, set())
    assert ledger.settlement.store_attempt(after, ["d"], new_attempt(LATER)) is not None
    assert ledger.settlement.settle(ledger.record(), "d", "billed", now=LATER) is not None


def test_no_line_is_retried_from_its_deadline_on(ledger: Ledger) -> None:
    record = failed(ledger, "expired")
    retry(ROW, record, "d", now=DEADLINE - 1)
    with pytest.raises(NotResolvable, match="deadline"):
        retry(ROW, record, "d", now=DEADLINE)


@pytest.mark.parametrize("verdict", [None, "rejected", "not_sent", "billed", "on_file"])
def test_a_line_that_has_not_failed_is_left_alone(ledger: Ledger, verdict: str | None) -> None:
    record = ledger.sealed(("d",))
    if verdict:
        ledger.settlement.settle(record, "d", verdict, now=NOW)
    assert {refused(ledger, name) for name in RESOLUTIONS} == {"not_failed"}


def test_the_hour_has_no_such_line(ledger: Ledger) -> None:
    with pytest.raises(NotResolvable) as why:
        write_off(ROW, ledger.sealed(("d",)), "e", now=LATER)
    assert why.value.code == "no_line"


# --- the record's other lines -----------------------------------------------------------------------------------------


def test_the_failed_mark_stays_for_another_line(ledger: Ledger) -> None:
    failed(ledger, "expired", "e")
    ledger.settlement.settle(ledger.record(), "e", "expired", now=NOW)
    ledger.write(RESOLUTIONS["carried"](ledger.record()))
    assert ledger.failed() == {(CUSTOMER, HOUR)}
    ledger.write(write_off(ROW, ledger.record(), "e", now=LATER))
    assert ledger.failed() == set()


def test_no_second_copy_is_made_of_lines_that_were_copied(ledger: Ledger) -> None:
    failed(ledger, "expired", "e")
    ledger.settlement.settle(ledger.record(), "e", "expired", now=NOW)
    assert ledger.settlement.copied(ledger.record())
    ledger.write(RESOLUTIONS["carried"](ledger.record()))
    after = ledger.record()
    assert after.copied_at == after.settle_version


def test_a_verdict_that_comes_in_between_is_noticed(ledger: Ledger) -> None:
    record = failed(ledger, "expired", attempted=True)
    ledger.settlement.settle(ledger.record(), "d", "billed", now=LATER)
    with pytest.raises(Cancelled):
        ledger.write(lost(record))
