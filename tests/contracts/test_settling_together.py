"""Several lines of a record settled in one write: all or none, and the record ends with its last line."""

from decimal import Decimal
from itertools import count

import pytest

from ledger.line_verdict import LineVerdict
from ledger.metering_record import ENDED, RANK, Line, MeteringRecord
from ledger.seal_record import Frozen
from tests.contracts.stores import HOUR, MONTH, NOW, Ledger

CASES = count()


@pytest.fixture
def ledger(made: Ledger) -> Ledger:
    """One ledger for cases that each take a customer of their own."""
    return made


def attempted(ledger: Ledger, *dimensions: str, attempt: str = "mine", sealed: tuple[str, ...] = ()) -> MeteringRecord:
    """A record of these lines, with the attempt on them. sealed: further lines of it."""
    record = ledger.sealed((*dimensions, *sealed), customer=f"together-{next(CASES)}")
    after = ledger.settlement.store_attempt(record, list(dimensions), attempt)
    assert after is not None
    return after


def together(ledger: Ledger, record: MeteringRecord, **verdicts: str) -> MeteringRecord | None:
    settled = {
        name: LineVerdict(verdict=verdict, metering_record_id=f"id-{name}") for name, verdict in verdicts.items()
    }
    return ledger.settlement.settle_together(record, settled, now=NOW, attempt="mine")


def stored(ledger: Ledger, record: MeteringRecord) -> MeteringRecord:
    return ledger.record(record.customer_identifier)


@pytest.mark.parametrize("verdict", sorted(RANK))
def test_all_lines_their_attempts_and_the_pending_mark_in_one_write(ledger: Ledger, verdict: str) -> None:
    record = attempted(ledger, "a", "b")
    after = together(ledger, record, a=verdict, b="billed")
    assert after == stored(ledger, record)
    assert after is not None
    assert {name: (line.verdict, line.attempts) for name, line in after.lines.items()} == {
        "a": (verdict, frozenset()),
        "b": ("billed", frozenset()),
    }
    assert after.lines["b"].metering_record_id == "id-b"
    assert after.settle_version == record.settle_version + 1
    assert (after.pending is None) is (verdict in ENDED)


def test_a_record_with_another_open_line_stays_pending(ledger: Ledger) -> None:
    record = attempted(ledger, "a", sealed=("b",))
    after = together(ledger, record, a="billed")
    assert after is not None
    assert (after.pending, after.lines["b"].verdict) == ("true", None)


def test_a_line_that_holds_a_higher_verdict_has_nothing_stored(ledger: Ledger) -> None:
    record = attempted(ledger, "a", "b")
    ledger.settlement.settle(record, "a", "billed", now=NOW)
    before = stored(ledger, record)
    assert together(ledger, before, a="conflict", b="billed") is None
    assert stored(ledger, record) == before


def test_another_settlers_verdict_since_the_record_was_read_is_seen(ledger: Ledger) -> None:
    """It might have made a line pending that was read as ended, or failed: the mark must not go on a stale reading."""
    record = attempted(ledger, "a", "b", sealed=("c",))
    ledger.settlement.settle(record, "c", "expired", now=NOW)
    ended = stored(ledger, record)
    ledger.settlement.settle(ended, "c", "billed", now=NOW)
    assert together(ledger, ended, a="billed", b="billed") is None
    assert stored(ledger, record).pending == "true"
    # where the write does not end the record, nothing hangs on it
    assert together(ledger, ended, a="billed", b="not_subscribed") is not None


def test_a_conflict_beside_another_attempt_has_nothing_stored(ledger: Ledger) -> None:
    record = attempted(ledger, "a", "b")
    ledger.settlement.store_attempt(record, ["a"], "another")
    settled = {
        "a": LineVerdict(verdict="conflict", only_if_sole_attempt=True),
        "b": LineVerdict(verdict="conflict", only_if_sole_attempt=True),
    }
    assert ledger.settlement.settle_together(record, settled, now=NOW, attempt="mine") is None
    assert {line.verdict for line in stored(ledger, record).lines.values()} == {None}
    ledger.settlement.withdraw_attempt(record, ["a"], "another")
    after = ledger.settlement.settle_together(record, settled, now=NOW, attempt="mine")
    assert after is not None
    assert after.marked_failed


def test_a_failed_line_of_nothing_leaves_no_mark(ledger: Ledger) -> None:
    """An hourly zero: nothing is lost with it."""
    customer = f"together-{next(CASES)}"
    record = ledger.opened({("d", MONTH): Decimal(2)}, customer)
    zero = Line(dimension="zero", quantity=Decimal(0), counted=Decimal(0), deadline=HOUR + 86400)
    line = Line(dimension="d", quantity=Decimal(2), counted=Decimal(2), deadline=HOUR + 86400)
    ledger.write(
        ledger.records.seal(
            record, Frozen(identity={"integration": "legacy"}, sent_timestamp=HOUR, lines=[zero, line]), NOW
        )
    )
    sealed = ledger.record(customer)
    after = ledger.settlement.settle(sealed, "zero", "expired", now=NOW)
    assert after is not None
    assert not after.marked_failed
    assert not after.lines["zero"].failed
    after = ledger.settlement.settle(sealed, "d", "expired", now=NOW)
    assert after is not None
    assert after.marked_failed


# --- attempts whose call is over --------------------------------------------------------------------------------------


def test_an_unanswered_attempt_stays_on_its_line_after_its_call(ledger: Ledger) -> None:
    record = attempted(ledger, "a", attempt=f"{int(NOW)}-abc")
    assert record.lines["a"].is_under_way(NOW + 100)
    ledger.settlement.mark_over(record, ["a"], f"{int(NOW)}-abc")
    line = stored(ledger, record).lines["a"]
    assert len(line.attempts) == 1
    assert not line.is_under_way(NOW)


def test_unanswered_attempts_do_not_let_the_record_grow(ledger: Ledger) -> None:
    """A day of 5xx is hundreds of attempts: a name for each would make every write cost the whole item's size."""
    for others in ((), ("c",)):
        record: MeteringRecord | None = attempted(ledger, "a", "b", attempt=f"{int(NOW)}-0", sealed=others)
        for number in range(50):
            assert record is not None
            ledger.settlement.mark_over(record, ["a", "b"], f"{int(NOW)}-{number}")
            assert {len(stored(ledger, record).lines[name].attempts) for name in "ab"} == {1}
            record = ledger.settlement.store_attempt(record, ["a", "b"], f"{int(NOW)}-{number + 1}")
            assert record is not None
            assert {len(stored(ledger, record).lines[name].attempts) for name in "ab"} == {2}


def test_a_line_without_an_attempt_may_end_not_sent(ledger: Ledger) -> None:
    for history, ends in (("none", True), ("attempted", False), ("rejected", False)):
        record = ledger.sealed(("a",), customer=f"together-{next(CASES)}")
        if history == "attempted":
            ledger.settlement.store_attempt(record, ["a"], "one")
        if history == "rejected":
            ledger.settlement.settle(record, "a", "rejected", now=NOW)
        after = ledger.settlement.settle(record, "a", "not_sent", now=NOW, only_if_never_attempted=True)
        assert (after is not None) is ends, history


@pytest.mark.parametrize("verdict", ["billed", "conflict"])
def test_all_lines_that_a_request_takes_fit_one_write(ledger: Ledger, verdict: str) -> None:
    """25 lines of one record (Marketplace's limit); an expression has 300 operators and 4 KB at most (DynamoDB's)."""
    names = tuple(f"a_dimension_with_a_name_that_is_rather_long_{number}" for number in range(25))
    for others in ((), ("z",)):
        record = attempted(ledger, *names, sealed=others)
        settled = dict.fromkeys(names, LineVerdict(verdict=verdict, only_if_sole_attempt=verdict == "conflict"))
        after = ledger.settlement.settle_together(record, settled, now=NOW, attempt="mine")
        assert after is not None
        assert {after.lines[name].verdict for name in names} == {verdict}
