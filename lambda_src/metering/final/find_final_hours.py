"""Final metering, first state: what to do now for a period that has ended, and with which hours."""

from typing import Any

from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from metering.final.final_rules import Step, first_hour, next_step
from metering.run import in_chunks, record_key
from runtime.clock import iso


def find_final_hours(
    customer_identifier: str, end: int, records: MeteringRecords, subscribers: Subscribers, *, now: float, sent: bool
) -> Step:
    """Read subscriber and records from the tables, strongly consistent, and decide by ``final_rules``."""
    # The subscriber comes first: once its status refuses usage, every record that there will ever be exists.
    subscriber = subscribers.get(customer_identifier, consistent=True)
    unsettled, unreadable = records.unsettled(customer_identifier, first_hour(end))
    return next_step(subscriber, end, unsettled, unreadable=bool(unreadable), now=now, sent=sent)


def payload(step: Step) -> dict[str, Any]:
    """The step as the workflow takes it: ``seal`` has every key, ``chunks`` those that are sent too.

    ``waitUntil`` (ISO 8601) is a time of ``runtime.clock``, so that the wait ends when a stage's own clock is moved.
    """
    return {
        "step": step.name,
        "seal": [record_key(key) for key in (*step.hours, *step.unsendable)],
        "chunks": in_chunks(step.hours),
        "waitUntil": iso(step.until) if step.until is not None else None,
    }
