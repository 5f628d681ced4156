"""The month of one customer or of all, as the ledger has it now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from ledger import tables
from ledger.invoice import CarriedIn, Row, is_finished, rows
from ledger.metering_record import MeteringRecord
from ledger.reading import every_page
from ledger.subscriber import SubscriptionStatus
from marketplace.hour import SECONDS, month_of, next_month_start
from ops.line_id import HourId, parse_line
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import from_iso


@dataclass(frozen=True)
class Month:
    """A month in UTC. name: ``2026-11``. first: epoch seconds of its first hour; after: of the next month's."""

    name: str
    first: int
    after: int

    @classmethod
    def parse(cls, name: str) -> "Month":
        """Raises Refused for what is no month."""
        try:
            first = int(from_iso(f"{name}-01T00:00:00Z"))
        except (ValueError, OverflowError):
            first = -1
        if first < 0 or month_of(first) != name:
            raise Refused(f"{name[:20]!r} is no month: write it like 2026-11")
        return cls(name, first, next_month_start(first))

    def records(self, stage: OpenStage, customer: str) -> Iterator[MeteringRecord]:
        """A customer's hours, oldest first."""
        hours = (self.after - self.first) // SECONDS
        yield from stage.records.of_customer(customer, self.first, self.after - SECONDS, limit=hours)


class CustomerMonth(NamedTuple):
    """A customer's part of the month. unfinished: hours with lines whose end is not known yet."""

    customer: str
    rows: list[Row]
    unfinished: list[HourId]


def customers(stage: OpenStage) -> list[str]:
    """Every billing key that the stage knows, in order. The index shows new ones a moment late.

    The statuses are read there and back: a buyer that subscribes again between two of them has left the later one
    before it is read, and is in the earlier one on the way back.
    """
    statuses = get_args(SubscriptionStatus)
    found = {key for status in (*statuses, *reversed(statuses)) for key in stage.subscribers.with_status(status)}
    return sorted(found)


def read_month(stage: OpenStage, month: Month, customer: str) -> CustomerMonth:
    """What became of a customer's units in a month."""
    unfinished: list[HourId] = []

    def noted() -> Iterator[MeteringRecord]:
        for record in month.records(stage, customer):
            if not is_finished(record):
                unfinished.append(HourId(customer, record.hour))
            yield record

    ended = {
        key: units for key, units in stage.balances.get(customer).ended.items() if month.first <= key[1] < month.after
    }
    found = rows(noted(), carried_in=carried_in(stage, month, customer), ended=ended)
    return CustomerMonth(customer, [row._replace(customer=customer) for row in found], unfinished)


def carried_in(stage: OpenStage, month: Month, customer: str) -> list[CarriedIn]:
    """What was carried to the month's hours, by the audit trail, which has it in the transaction that carried it."""
    items = every_page(
        stage.table(tables.AUDIT).query,
        KeyConditionExpression="subject = :subject AND begins_with(#item, :action)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":subject": customer, ":action": "action#"},
    )
    carries: list[CarriedIn] = []
    for item in items:
        change: Any = item["change"]
        if item["command"] == "carry" and "carriedTo" in change:
            hour = int(from_iso(change["carriedTo"]))
            if month.first <= hour < month.after:
                dimension = parse_line(item["target"]).dimension
                carries.append(CarriedIn(hour, dimension, change["units"], change["through"] == "counter"))
    return carries
