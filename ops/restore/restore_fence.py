"""``ops restore-fence``: closes what a restored ledger would bill a second time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.balance import Balances
from ledger.metering_records import MeteringRecords
from ledger.transaction import Operation, write
from marketplace.dimensions import Dimension
from marketplace.hour import SECONDS, hour_of
from marketplace.metering_calls import MeteringCall
from marketplace.quantity import text
from ops.restore import fence_writes
from ops.restore.fence_rules import Fence, Fences, OnFile, fences
from reconcile.calls.rules import hour_name
from reconcile.calls.seen import Trail

#: Hours before the restored moment that may still be unsealed in the tables: Marketplace takes none that is older.
OLDEST_HOURS = 30
#: Records of a customer between the oldest hour and now, at most.
MOST_RECORDS = 2_000


@dataclass(frozen=True, kw_only=True)
class Fencing:
    """Reads a restored ledger, and plans and writes what is closed, customer by customer.

    dimensions: the stage's. write: one transaction.
    """

    records: MeteringRecords
    balances: Balances
    subscribers_table: str
    dimensions: Mapping[str, Dimension]
    product_code: str
    client: Any

    def on_file(self, calls: Iterable[MeteringCall]) -> dict[str, dict[tuple[str, int], OnFile]]:
        """What calls show as accepted, by customer. Raises LookupError where a call does not show its records."""
        trail = Trail(self.product_code)
        trail.add(calls)
        if trail.gaps:
            raise LookupError(f"{len(trail.gaps)} calls do not show their records")
        found: dict[str, dict[tuple[str, int], OnFile]] = defaultdict(dict)
        for (customer, dimension, hour), seen in trail.slots.items():
            if seen.accepted:
                # Marketplace keeps the first record.
                first = min(seen.accepted, key=lambda each: each.at)
                found[customer][dimension, hour] = OnFile(first.quantity, first.metering_record_id)
        return found

    def plan(self, customer: str, on_file: Mapping[tuple[str, int], OnFile], since: float, now: float) -> Fences:
        """What is closed of one customer. since: the earliest moment to which a table was restored."""
        first = hour_of(since) - OLDEST_HOURS * SECONDS
        stored = self.records.of_customer(customer, first, hour_of(now), MOST_RECORDS)
        remainder = self.balances.get(customer).remainder
        unsealed = [record for record in stored if record.state != "sealed"]
        sealed = {record.hour for record in stored if record.state == "sealed"}
        return fences(on_file, unsealed, sealed, remainder)

    def carry_out(
        self, customer: str, planned: Fences, now: float, entry: Callable[[Mapping[str, Any]], list[Operation]]
    ) -> None:
        """Drop the remainders first, then seal hour by hour: wherever it breaks off, nothing is billed twice.

        entry: the audit trail's operations about a change. Raises ledger.transaction's Cancelled, Contended.
        """
        balance = self.balances.get(customer)
        if planned.dropped:
            dropped = {name: text(units) for name, units in planned.dropped.items()}
            drop = fence_writes.drop(self.balances, balance, planned.dropped)
            write(self.client, [drop, *entry({"remainderNotBilled": dropped})])
        fenced = {each.hour for each in planned.hours}
        for each in planned.hours:
            hour = fence_writes.open_hour_of(self.records, customer, now, fenced)
            operations = fence_writes.fence(
                self.records, customer, each, self.dimensions, self.subscribers_table, now, hour
            )
            write(self.client, [*operations, *entry(named(each))])


def named(closed: Fence) -> dict[str, Any]:
    """What the audit trail says of a fenced hour."""
    return {
        "hour": hour_name(closed.hour),
        "onFile": {name: text(each.quantity) for name, each in closed.on_file.items()},
        "closed": _by_dimension(closed.closed),
        "moved": _by_dimension(closed.moved),
    }


def _by_dimension(units: Mapping[tuple[str, str], Decimal]) -> dict[str, str]:
    return {f"{dimension}#{period}": text(number) for (dimension, period), number in sorted(units.items())}
