"""Final metering, first state: what is to be done now for a period that has ended, and which hours it takes."""

from typing import Any

from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from metering.final_rules import Step, first_hour, next_step
from metering.find_due_hours import CHUNK
from metering.keys import record_key
from runtime.clock import iso


def find_final_hours(
    customer_identifier: str, end: int, records: MeteringRecords, subscribers: Subscribers, *, now: float, sent: bool
) -> Step:
    """Read subscriber and records, strongly consistent and from the tables, and say what to do; see ``final_rules``."""
    # the subscriber first: once he is read as refusing, every record that there will be is there
    subscriber = subscribers.get(customer_identifier, consistent=True)
    unsettled, unreadable = records.unsettled(customer_identifier, first_hour(end))
    return next_step(subscriber, end, unsettled, unreadable=bool(unreadable), now=now, sent=sent)


def payload(step: Step) -> dict[str, Any]:
    """As the workflow takes it: ``seal`` has every key, ``chunks`` those that are sent; ``waitUntil`` is ISO 8601.

    The Wait is given a time of ``runtime.clock``, so that it ends when a stage's own clock is moved.
    """
    texts = [record_key(key) for key in step.hours]
    return {
        "step": step.name,
        "seal": texts + [record_key(key) for key in step.unsendable],
        "chunks": [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)],
        "waitUntil": iso(step.until) if step.until is not None else None,
    }
