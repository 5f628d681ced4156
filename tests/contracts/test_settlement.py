"""Verdicts on lines: they only rise, each on its own, and the indexes follow."""

from decimal import Decimal
from itertools import count, permutations, product

import pytest

from ledger.metering_record import ENDED, FAILED, RANK, MeteringRecord
from tests.contracts.stores import CUSTOMER, HOUR, NOW, Ledger

VERDICTS = sorted(RANK)


@pytest.fixture
def many(made: Ledger) -> Ledger:
    """One ledger for cases that each take a customer of their own."""
    return made


CASES = count()


def fresh(many: Ledger, *dimensions: str) -> MeteringRecord:
    return many.sealed(dimensions or ("d",), customer=f"case-{next(CASES)}")


def settle(many: Ledger, record: MeteringRecord, verdict: str, dimension: str = "d") -> MeteringRecord | None:
    return many.settlement.settle(record, dimension, verdict, now=NOW)


def verdict_of(many: Ledger, record: MeteringRecord, dimension: str = "d") -> str | None:
    return many.record(record.customer_identifier).lines[dimension].verdict


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_first_verdict_is_stored_with_its_marks(many: Ledger, verdict: str) -> None:
    record = fresh(many)
    after = many.settlement.settle(
        record, "d", verdict, now=NOW, status_changed_at=0, metering_record_id="id", detail="why"
    )
    assert after is not None
    line = after.lines["d"]
    assert (line.verdict, line.at, line.status_changed_at, line.metering_record_id, line.detail) == (
        verdict,
        NOW,
        0,
        "id",
        "why",
    )
    assert after.settle_version == record.settle_version + 1
    assert after.marked_failed is (verdict in FAILED)
    assert after.ended is (verdict in ENDED)
    assert many.record(record.customer_identifier) == after


@pytest.mark.parametrize(("first", "second"), list(product(VERDICTS, VERDICTS)))
def test_verdicts_only_rise(many: Ledger, first: str, second: str) -> None:
    """Equals overwrite while the line is pending; an ended line changes to a higher verdict only."""
    record = fresh(many)
    settle(many, record, first)
    rises = RANK[second] > RANK[first] or (RANK[second] == RANK[first] and second not in ENDED)
    assert (settle(many, record, second) is not None) is rises
    assert verdict_of(many, record) == (second if rises else first)


@pytest.mark.parametrize("order", list(permutations(["not_subscribed", "expired", "billed"])))
def test_in_any_order_the_highest_stands(many: Ledger, order: tuple[str, ...]) -> None:
    """Two overlapping settlers must not turn billed into expired."""
    record = fresh(many)
    for verdict in order:
        settle(many, record, verdict)
    assert verdict_of(many, record) == "billed"


def test_two_settlers_of_two_lines_do_not_erase_each_other(many: Ledger) -> None:
    record = fresh(many, "a", "b")
    settle(many, record, "billed", "a")
    settle(many, record, "conflict", "b")
    lines = many.record(record.customer_identifier).lines
    assert (lines["a"].verdict, lines["b"].verdict) == ("billed", "conflict")


@pytest.mark.parametrize("state", ["open", "closing", "absent"])
def test_only_a_sealed_record_is_settled(ledger: Ledger, state: str) -> None:
    record = ledger.opened()
    if state == "closing":
        ledger.records.close(CUSTOMER, HOUR)
    if state == "absent":
        ledger.record_items.delete_item(Key={"customerIdentifier": CUSTOMER, "timestamp": HOUR})
    assert settle(ledger, record, "billed") is None
    assert not ledger.settlement.store_attempt(record, ["d"], "one")
    assert not ledger.settlement.tidy(record)
    assert (ledger.records.get(CUSTOMER, HOUR) is None) is (state == "absent"), "nothing is created either"


# --- attempts ---------------------------------------------------------------------------------------------------------


def test_attempts_are_stored_per_line_and_taken_back(many: Ledger) -> None:
    record = fresh(many, "a", "b", "c")
    one = many.settlement.store_attempt(record, ["a", "b"], "one")
    assert one is not None
    assert many.settlement.store_attempt(record, ["a"], "two")
    assert many.settlement.withdraw_attempt(one, ["a"], "one")
    assert many.settlement.withdraw_attempt(one, ["b"], "one")
    assert many.settlement.withdraw_attempt(one, ["b"], "never stored")
    lines = many.record(record.customer_identifier).lines
    assert (lines["a"].attempts, lines["b"].attempts) == (frozenset({"two"}), frozenset())


def test_a_verdict_takes_its_own_attempt_with_it(many: Ledger) -> None:
    record = fresh(many)
    one = many.settlement.store_attempt(record, ["d"], "one")
    many.settlement.store_attempt(record, ["d"], "two")
    assert one is not None
    after = many.settlement.settle(one, "d", "billed", now=NOW, attempt="one")
    assert after is not None
    assert after.lines["d"].attempts == {"two"}


@pytest.mark.parametrize(
    ("attempted", "stored"), [(["mine"], True), ([], True), (["mine", "other"], False), (["other"], False)]
)
def test_a_conflict_is_one_only_without_another_unanswered_attempt(
    many: Ledger, attempted: list[str], stored: bool
) -> None:
    """H4: the other attempt may have put our own quantity there; the condition is checked in the write itself."""
    record = fresh(many)
    for attempt in attempted:
        many.settlement.store_attempt(record, ["d"], attempt)
    after = many.settlement.settle(record, "d", "conflict", now=NOW, attempt="mine", only_if_sole_attempt=True)
    assert (after is not None) is stored
    assert verdict_of(many, record) == ("conflict" if stored else None)


def test_what_may_have_been_sent_is_not_called_not_sent(many: Ledger) -> None:
    for attempted in (False, True):
        record = fresh(many)
        if attempted:
            many.settlement.store_attempt(record, ["d"], "one")
        after = many.settlement.settle(record, "d", "not_sent", now=NOW, only_if_never_attempted=True)
        assert (after is None) is attempted


# --- the indexes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", sorted(ENDED))
def test_the_last_line_that_ends_takes_the_pending_mark(ledger: Ledger, verdict: str) -> None:
    record = ledger.sealed(["a", "b"])
    for number, dimension in enumerate("ab"):
        after = ledger.settlement.settle(record, dimension, verdict, now=NOW)
        assert after is not None
        assert ledger.settlement.tidy(after) is (number == 1)
        assert ledger.pending() == ({(CUSTOMER, HOUR)} if number == 0 else set())
    assert ledger.failed() == ({(CUSTOMER, HOUR)} if verdict in FAILED else set())


@pytest.mark.parametrize("verdict", ["not_subscribed", "rejected"])
def test_a_line_that_has_not_ended_keeps_it(ledger: Ledger, verdict: str) -> None:
    after = settle(ledger, ledger.sealed(["d"]), verdict)
    assert after is not None
    assert not ledger.settlement.tidy(after)
    assert (ledger.pending(), ledger.failed()) == ({(CUSTOMER, HOUR)}, set())


def test_a_failed_line_is_visible_from_the_write_that_ends_it(ledger: Ledger) -> None:
    """H5: a settler that dies right after it leaves nothing hidden."""
    settle(ledger, ledger.sealed(["d"]), "conflict")
    assert ledger.failed() == {(CUSTOMER, HOUR)}
    assert ledger.pending() == {(CUSTOMER, HOUR)}, "the next run finds it and tidies"
    assert ledger.settlement.tidy(ledger.record())
    assert ledger.pending() == set()


def test_the_failed_mark_goes_with_the_last_failed_line(ledger: Ledger) -> None:
    record = ledger.sealed(["a", "b"])
    for dimension in "ab":
        settle(ledger, record, "expired", dimension)
    for dimension, still in (("a", True), ("b", False)):
        after = settle(ledger, record, "on_file", dimension)
        assert after is not None
        ledger.settlement.tidy(after)
        assert bool(ledger.failed()) is still


def test_a_resolved_line_is_failed_no_longer(ledger: Ledger) -> None:
    settle(ledger, ledger.sealed(["d"]), "conflict")
    ledger.record_items.update_item(
        Key={"customerIdentifier": CUSTOMER, "timestamp": HOUR},
        UpdateExpression="SET #v.#r = :r",
        ExpressionAttributeNames={"#v": "verdict#d", "#r": "resolution"},
        ExpressionAttributeValues={":r": "written_off"},
    )
    assert ledger.settlement.tidy(ledger.record())
    assert (ledger.failed(), ledger.pending()) == (set(), set())


def test_tidying_after_a_newer_write_removes_nothing(ledger: Ledger) -> None:
    """Else it would take the mark that another settler has just set."""
    record = ledger.sealed(["a", "b"])
    settle(ledger, record, "expired", "a")
    stale = settle(ledger, record, "on_file", "a")
    settle(ledger, record, "expired", "b")
    assert stale is not None
    assert not ledger.settlement.tidy(stale)
    assert ledger.failed() == {(CUSTOMER, HOUR)}
    assert ledger.settlement.tidy(ledger.record())
    assert (ledger.failed(), ledger.pending()) == ({(CUSTOMER, HOUR)}, set())


def test_tidying_twice_is_harmless(ledger: Ledger) -> None:
    after = settle(ledger, ledger.sealed(["d"]), "billed")
    assert after is not None
    assert ledger.settlement.tidy(after)
    assert not ledger.settlement.tidy(ledger.record())


def test_verdicts_keep_frozen_lines_as_they_are(ledger: Ledger) -> None:
    record = ledger.sealed(["d"])
    before = ledger.item()["lines"]
    settle(ledger, record, "billed")
    assert (
        ledger.item()["lines"]
        == before
        == {
            "d": {"quantity": Decimal(2)},
        }
    )
