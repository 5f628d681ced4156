"""An attempt with every line of a record stands on the record, once; with some of them, on each of those."""

from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from ledger.line_verdict import LineVerdict
from ledger.metering_record import MeteringRecord
from tests.contracts.stores import HOUR, NOW, Ledger

CASES = count()


@pytest.fixture
def ledger(made: Ledger) -> Ledger:
    """One ledger for cases that each take a customer of their own."""
    return made


def attempted(ledger: Ledger, *dimensions: str, attempt: str = "mine") -> MeteringRecord:
    """A record of these lines, with the attempt on all of them."""
    record = ledger.sealed(dimensions, customer=f"all-{next(CASES)}")
    return noted(ledger, record, *dimensions, attempt=attempt)


def noted(ledger: Ledger, record: MeteringRecord, *dimensions: str, attempt: str) -> MeteringRecord:
    after = ledger.settlement.store_attempt(record, list(dimensions), attempt)
    assert after is not None
    return after


def attempts(ledger: Ledger, record: MeteringRecord) -> dict[str, set[str]]:
    """What stands in the item: by attribute."""
    item: Any = ledger.record_items.get_item(Key={"customerIdentifier": record.customer_identifier, "timestamp": HOUR})
    return {name: set(value) for name, value in item["Item"].items() if name.startswith("attempts")}


def test_it_is_noted_once_and_every_line_has_it(ledger: Ledger) -> None:
    record = attempted(ledger, "a", "b")
    assert attempts(ledger, record) == {"attempts": {"mine"}}
    assert {name: line.attempts for name, line in record.lines.items()} == {"a": {"mine"}, "b": {"mine"}}
    assert record.attempts == {"mine"}


def test_an_attempt_of_some_lines_stands_on_each(ledger: Ledger) -> None:
    record = ledger.sealed(("a", "b", "c"), customer=f"all-{next(CASES)}")
    record = noted(ledger, record, "a", "b", attempt="mine")
    assert attempts(ledger, record) == {"attempts#a": {"mine"}, "attempts#b": {"mine"}}
    assert (record.attempts, record.lines["c"].attempts) == (frozenset(), frozenset())


@pytest.mark.parametrize("way", ["answered", "settled", "settled together"])
def test_an_answer_removes_its_attempt(ledger: Ledger, way: str) -> None:
    record = attempted(ledger, "a", "b")
    billed = LineVerdict(verdict="billed")
    if way == "answered":
        assert ledger.settlement.withdraw_attempt(record, ["a", "b"], "mine")
    elif way == "settled":
        for name in "ab":
            assert ledger.settlement.settle(record, name, "billed", now=NOW, attempt="mine")
    else:
        assert ledger.settlement.settle_together(record, {"a": billed, "b": billed}, now=NOW, attempt="mine")
    assert attempts(ledger, record) == {}


@pytest.mark.parametrize("way", ["answered", "settled", "settled together", "unanswered"])
def test_an_answer_about_some_of_the_lines_leaves_it_on_the_others(ledger: Ledger, way: str) -> None:
    record = attempted(ledger, "a", "b", "c")
    expired = LineVerdict(verdict="not_subscribed")
    if way == "answered":
        assert ledger.settlement.withdraw_attempt(record, ["a", "b"], "mine")
    elif way == "settled":
        for name in "ab":  # with the record as it was attempted, each time
            assert ledger.settlement.settle(record, name, "not_subscribed", now=NOW, attempt="mine")
    elif way == "settled together":
        assert ledger.settlement.settle_together(record, {"a": expired, "b": expired}, now=NOW, attempt="mine")
    else:
        ledger.settlement.mark_over(record, ["a", "b"], "mine")
    over = {"attempts#a": {"0-over"}, "attempts#b": {"0-over"}} if way == "unanswered" else {}
    assert attempts(ledger, record) == {"attempts#c": {"mine"}, **over}
    assert ledger.settlement.withdraw_attempt(record, ["c"], "mine")
    assert attempts(ledger, record) == over


def test_another_attempt_stays_where_it_stands(ledger: Ledger) -> None:
    record = attempted(ledger, "a", "b", attempt="another")
    record = noted(ledger, record, "a", "b", attempt="mine")
    assert ledger.settlement.settle(record, "a", "rejected", now=NOW, attempt="mine")
    assert attempts(ledger, record) == {"attempts": {"another"}, "attempts#b": {"mine"}}


def test_one_unanswered_attempt_stands_for_all(ledger: Ledger) -> None:
    record = attempted(ledger, "a", "b", attempt=f"{int(NOW)}-abc")
    assert record.lines["a"].is_under_way(NOW)
    ledger.settlement.mark_over(record, ["a", "b"], f"{int(NOW)}-abc")
    assert attempts(ledger, record) == {"attempts": {"0-over"}}
    assert not ledger.record(record.customer_identifier).lines["a"].is_under_way(NOW)


def test_a_line_that_has_ended_has_none_noted(ledger: Ledger) -> None:
    record = ledger.sealed(("a", "b"), customer=f"all-{next(CASES)}")
    ledger.settlement.settle(record, "a", "not_sent", now=NOW)
    assert ledger.settlement.store_attempt(record, ["a", "b"], "mine") is None
    assert attempts(ledger, record) == {}


@pytest.mark.parametrize("dimensions", [("d",), ("d", "e")])
@pytest.mark.parametrize(
    ("all_lines", "line", "stored"),
    [(["mine"], [], True), (["mine", "other"], [], False), (["mine"], ["other"], False), (["other"], ["mine"], False)],
)
def test_a_conflict_is_one_only_without_another_attempt_in_either_place(
    ledger: Ledger, dimensions: tuple[str, ...], all_lines: list[str], line: list[str], stored: bool
) -> None:
    record = ledger.sealed(dimensions, customer=f"all-{next(CASES)}")
    put(ledger, record, {"attempts": all_lines, "attempts#d": line})
    record = ledger.record(record.customer_identifier)
    after = ledger.settlement.settle(record, "d", "conflict", now=NOW, attempt="mine", only_if_sole_attempt=True)
    assert (after is not None) is stored


@pytest.mark.parametrize("place", ["attempts", "attempts#d", "attempts#e"])
def test_what_may_have_been_sent_is_not_called_not_sent(ledger: Ledger, place: str) -> None:
    record = ledger.sealed(("d", "e"), customer=f"all-{next(CASES)}")
    put(ledger, record, {place: ["one"]})
    after = ledger.settlement.settle(record, "d", "not_sent", now=NOW, only_if_never_attempted=True)
    assert (after is not None) is (place == "attempts#e")


def test_an_attempt_of_an_older_version_is_answered_on_every_line(ledger: Ledger) -> None:
    record = ledger.sealed(("a", "b"), customer=f"all-{next(CASES)}")
    put(ledger, record, {"attempts#a": ["mine"], "attempts#b": ["mine"]})
    record = ledger.record(record.customer_identifier)
    billed = LineVerdict(verdict="billed")
    assert ledger.settlement.settle_together(record, {"a": billed, "b": billed}, now=NOW, attempt="mine")
    assert attempts(ledger, record) == {}


def test_five_lines_are_journalled_within_a_kilobyte(ledger: Ledger) -> None:
    """Each further one would cost a write unit an hour and customer."""
    record = attempted(ledger, *(f"worklet_invocation_{n}" for n in range(5)), attempt=f"{int(NOW)}-5f0c9a7be112")
    noted_bytes = sum(
        len(name) + 3 + sum(len(attempt) + 1 for attempt in names) for name, names in attempts(ledger, record).items()
    )
    assert noted_bytes < 40


def put(ledger: Ledger, record: MeteringRecord, names: dict[str, list[str]]) -> None:
    for name, found in names.items():
        if found:
            ledger.record_items.update_item(
                Key={"customerIdentifier": record.customer_identifier, "timestamp": Decimal(HOUR)},
                UpdateExpression="ADD #attempts :found",
                ExpressionAttributeNames={"#attempts": name},
                ExpressionAttributeValues={":found": set(found)},
            )
