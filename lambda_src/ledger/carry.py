"""Carry the units of a lost line into the customer's open hour, exactly once.

The units of a line are what was left after the allowance, so they go to the balance, from which the next seal bills
them. A line that was sealed at its deadline without known terms holds its units before the allowance; these go to the
open hour's counters, by the month in which they were used, and through that month's allowance like any other usage.

One transaction closes the line, moves the units, and makes sure that an open hour exists which bills them. It has the
condition on the subscriber under which usage is recorded, so that nothing is carried to a customer that is cancelled.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from ledger.balance import Balances
from ledger.cancellation import grace_ends, last_end
from ledger.conservation import conserved
from ledger.line_resolution import NotResolvable, carried
from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.subscriber import Subscriber
from ledger.subscribers import accepts_usage
from ledger.transaction import Operation
from marketplace.hour import SECONDS, hour_of


class Carry(NamedTuple):
    """What is carried: recorded units, the hour that gets them, and the way: into the balance, or by the counters."""

    operations: list[Operation]
    units: Decimal
    to: int
    through: Literal["balance", "counter"]


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """Reads what carrying a line needs and plans its transaction; it writes nothing.

    subscriber: reads one by billing key, strongly consistent. dimensions: the stage's.
    """

    records: MeteringRecords
    balances: Balances
    subscriber: Callable[[str], Subscriber | None]
    subscribers_table: str
    dimensions: Collection[str]

    def plan(self, record: MeteringRecord, dimension: str, now: float) -> Carry:
        """The transaction that carries a line, the line's own operation first. Raises NotResolvable."""
        customer = record.customer_identifier
        # The line is judged first: what is resolved already needs no other reason.
        carried(self.records.table_name, record, dimension, now=now, to=0)
        if dimension not in self.dimensions:
            raise NotResolvable("dimension_not_in_stage", "the stage file lacks this dimension: add it and deploy")
        subscriber = self.subscriber(customer)
        check_accepts(subscriber, now)
        # The balance is read before the hour, so that a seal in between leaves another version of it.
        balance = self.balances.get(customer)
        to, exists = self._open_hour(customer, now)
        check_grace(subscriber, to)
        line = record.lines[dimension]
        counters = {key: units for key, units in record.counted.items() if key[0] == dimension and units}
        if record.before_allowance:
            conserved(f"units of {dimension}", sum(counters.values(), Decimal(0)), line.units)
            moved = [self.records.add(customer, to, counters, exists=exists, now=now, carried=True)]
        else:
            moved = [
                self.balances.carry(balance, dimension, line.units),
                self.records.add(customer, to, {}, exists=exists, now=now),
            ]
        operations = [
            carried(self.records.table_name, record, dimension, now=now, to=to),
            *moved,
            accepts_usage(self.subscribers_table, customer, now),
        ]
        return Carry(operations, line.units, to, "counter" if record.before_allowance else "balance")

    def _open_hour(self, customer_identifier: str, now: float) -> tuple[int, bool]:
        """The running hour, or the first after it whose record is open or absent; whether it exists."""
        hour = hour_of(now)
        while (state := self.records.state(customer_identifier, hour)) not in (None, "open"):
            hour += SECONDS
        return hour, state is not None


# --- rules: pure ------------------------------------------------------------------------------------------------------

_WAY_OUT = "write the line off, and settle what is owed with the buyer outside of AWS Marketplace"


def check_accepts(subscriber: Subscriber | None, now: float) -> None:
    """Raises NotResolvable unless usage can be recorded for this customer now (``accepts_usage``)."""
    if subscriber is None:
        raise NotResolvable("unknown_customer", "no such customer is stored")
    if subscriber.superseded_by is not None:
        raise NotResolvable("superseded", f"this buyer is billed as {subscriber.superseded_by} now: {_WAY_OUT}")
    leaving = subscriber.status == "pending_cancellation" and now < (subscriber.accepts_until or 0)
    if subscriber.status != "active" and not leaving:
        raise NotResolvable("not_active", f"the customer is {subscriber.status} and takes no usage: {_WAY_OUT}")


def check_grace(subscriber: Subscriber | None, hour: int) -> None:
    """Raises NotResolvable if the hour begins after Marketplace's grace for a leaving customer, or is another key's."""
    if subscriber is not None and not subscriber.chain.bills(hour):
        raise NotResolvable("not_active", f"the buyer's other key bills that hour: {_WAY_OUT}")
    end = last_end(subscriber) if subscriber is not None else None
    if end is not None and hour >= grace_ends(end):
        raise NotResolvable("not_active", f"no hour is left in which Marketplace takes its usage: {_WAY_OUT}")
