"""Copies of failed lines: each once, so many records a run, and none is lost to a crash."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from metering.report.copy_failed import MOST, copy_failed
from tests.contracts.stores import HOUR, Ledger


class Queue:
    """SQS, as far as a copy needs it. breaks_at: the message that it does not take."""

    def __init__(self, breaks_at: int | None = None) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.breaks_at = breaks_at

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        assert QueueUrl == "queue"
        if len(self.bodies) == self.breaks_at:
            raise ConnectionError("no")
        self.bodies.append(json.loads(MessageBody))


def run(ledger: Ledger, queue: Any) -> int:
    records = ledger.records.get_many(ledger.records.failed_keys(HOUR))
    return copy_failed(records, queue, "queue", ledger.settlement, lambda _: None)


def test_a_run_copies_so_many_records_and_the_next_goes_on(ledger: Ledger) -> None:
    for number in range(MOST + 3):
        ledger.sealed(("d",), "expired", customer=f"customer-{number}")
    queue = Queue()
    assert [run(ledger, queue) for _ in range(3)] == [MOST, 3, 0]
    assert len({body["customerIdentifier"] for body in queue.bodies}) == len(queue.bodies) == MOST + 3


def test_a_record_is_marked_after_its_messages(ledger: Ledger) -> None:
    for customer in ("a", "b"):
        ledger.sealed(("d", "e"), "expired", customer=customer)
    with pytest.raises(ConnectionError):
        run(ledger, broken := Queue(breaks_at=3))
    assert len(broken.bodies) == 3
    queue = Queue()
    assert run(ledger, queue) == 4
    lines = {(body["customerIdentifier"], body["dimension"]) for body in queue.bodies}
    assert lines == {(customer, dimension) for customer in "ab" for dimension in "de"}
    assert run(ledger, Queue()) == 0


def test_lines_are_counted_before_their_record_is_marked(ledger: Ledger) -> None:
    """A count that is lost would be an alarm that is not raised."""
    for customer, verdict in (("a", "expired"), ("b", "conflict")):
        ledger.sealed(("d", "e"), verdict, customer=customer)
    counts: list[dict[str, int]] = []

    def dies(lines: Mapping[str, int]) -> None:
        counts.append(dict(lines))
        if len(counts) == 1:
            raise MemoryError

    def copy() -> int:
        records = ledger.records.get_many(ledger.records.failed_keys(HOUR))
        return copy_failed(records, Queue(), "queue", ledger.settlement, dies)  # type: ignore[arg-type]

    with pytest.raises(MemoryError):
        copy()
    assert [copy(), copy()] == [4, 0]
    assert counts == [{"expired": 2, "conflict": 2}] * 2, "at least once, and not where there is nothing new"


def test_another_verdict_is_copied_too(ledger: Ledger) -> None:
    record = ledger.sealed(("d", "e"), customer="a")
    for number, dimension in enumerate("de"):
        ledger.settlement.settle(record, dimension, "expired", now=HOUR + 1.0)
        assert run(ledger, queue := Queue()) == number + 1
    assert [body["dimension"] for body in queue.bodies] == ["d", "e"]
