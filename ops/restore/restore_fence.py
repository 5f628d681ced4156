"""``ops restore-fence``: closes what a restored ledger would bill a second time."""

import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import typer

from ledger import tables
from ledger.balance import Balances
from ledger.metering_records import MeteringRecords
from ledger.pauses import STAGE, Pauses
from ledger.subscribers import Subscribers
from ledger.transaction import Cancelled, Contended, Operation, write
from marketplace.hour import SECONDS, hour_of
from marketplace.metering_calls import KEPT_DAYS, MeteringCall, MeteringCalls
from marketplace.products import Products
from marketplace.quantity import text
from marketplace.seller import Seller
from ops.answer import words
from ops.change import STAGE_SUBJECT, Change, write_entry
from ops.refused import Refused
from ops.restore import fence_writes
from ops.restore.fence_rules import Fence, Fences, OnFile, fences
from ops.stage import OpenStage
from reconcile.calls.rules import LOOK_AFTER, hour_name
from reconcile.calls.seen import Trail
from runtime.clock import from_iso, iso

DAY = 86_400
#: Hours before the restored moment that may still be unsealed in the tables: Marketplace takes none that is older.
OLDEST_HOURS = 30
#: Records of a customer between the oldest hour and now, at most.
MOST_RECORDS = 2_000


@dataclass(frozen=True, kw_only=True)
class Fencing:
    """Reads a restored ledger, and plans and writes what is closed, customer by customer.

    products: the stage's. write: one transaction.
    """

    records: MeteringRecords
    balances: Balances
    subscribers: Subscribers
    subscribers_table: str
    products: Products
    client: Any

    def on_file(self, calls: Iterable[MeteringCall]) -> dict[str, dict[tuple[str, int], OnFile | None]]:
        """What calls show of each record, by customer: None where none shows whether it was taken. Raises LookupError
        where a call does not show its records."""
        trail = Trail(self.products.codes)
        trail.add(calls)
        if trail.gaps:
            raise LookupError(f"{len(trail.gaps)} calls do not show their records")
        found: dict[str, dict[tuple[str, int], OnFile | None]] = defaultdict(dict)
        for (customer, dimension, hour), seen in trail.slots.items():
            # Marketplace keeps the first record.
            first = min(seen.accepted, key=lambda each: each.at, default=None)
            found[customer][dimension, hour] = first and OnFile(first.quantity, first.metering_record_id)
        return found

    def plan(self, customer: str, seen: Mapping[tuple[str, int], OnFile | None], since: float, now: float) -> Fences:
        """What is closed of one customer. since: the earliest moment to which a table was restored.

        Raises LookupError where units would move to another hour, and no call shows whether a record with them was
        taken: they could be billed a second time there. In their own hour Marketplace takes them once.
        """
        first = hour_of(since) - OLDEST_HOURS * SECONDS
        stored = self.records.of_customer(customer, first, hour_of(now), MOST_RECORDS)
        remainder = self.balances.get(customer).remainder
        unsealed = [record for record in stored if record.state != "sealed"]
        sealed = {record.hour for record in stored if record.state == "sealed"}
        on_file = {slot: record for slot, record in seen.items() if record is not None}
        planned = fences(on_file, unsealed, sealed, remainder)
        for fence in planned.hours:
            for dimension, _ in fence.moved:
                if (dimension, fence.hour) in seen:
                    raise LookupError(f"no call shows an answer about {customer}/{hour_name(fence.hour)}/{dimension}")
        return planned

    def carry_out(
        self, customer: str, planned: Fences, now: float, entry: Callable[[Mapping[str, Any]], list[Operation]]
    ) -> None:
        """Drop the remainders first, then seal hour by hour: wherever it breaks off, nothing is billed twice.

        entry: the audit trail's operations about a change. Raises ledger.transaction's Cancelled, Contended.
        """
        balance = self.balances.get(customer)
        subscriber = self.subscribers.get(customer)
        product = self.products.of(subscriber.product_code if subscriber else None)
        sold = product.dimensions if product else {}
        if planned.dropped:
            dropped = {name: text(units) for name, units in planned.dropped.items()}
            drop = fence_writes.drop(self.balances, balance, planned.dropped)
            write(self.client, [drop, *entry({"remainderNotBilled": dropped})])
        fenced = {each.hour for each in planned.hours}
        for each in planned.hours:
            hour = fence_writes.open_hour_of(self.records, customer, now, fenced)
            operations = fence_writes.fence(self.records, customer, each, sold, self.subscribers_table, now, hour)
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


Since = Annotated[str, typer.Option(help="the earliest moment to which a table was restored, 2026-11-15T15:20:00Z")]
Until = Annotated[str, typer.Option(help="the latest such moment, where the tables have several")]


def restore_fence(stage: OpenStage, since: Since, until: Until = "") -> Change:
    """Close what a restored ledger would bill a second time: all that CloudTrail shows as billed since its moment.

    The stage must have been paused for half an hour, and nothing may have been sealed since the restore
    (docs/runbooks/restore.md). It may break off anywhere, and be repeated.
    """
    now, first, last = stage.now(), _moment(since), _moment(until or since)
    if not first <= last < now or now - first > KEPT_DAYS * DAY:
        raise Refused(f"--since and --until are moments of the past {KEPT_DAYS} days, in this order")
    pause = Pauses(stage.table(tables.STATE)).read().pauses.get(STAGE)
    if pause is None or now - pause.at < LOOK_AFTER:
        raise Refused(
            "the whole stage must have been paused for half an hour, until CloudTrail shows the last call: ops pause"
        )
    fencing = Fencing(
        records=stage.records,
        balances=stage.balances,
        subscribers_table=stage.table_name(tables.SUBSCRIBERS),
        subscribers=stage.subscribers,
        products=stage.settings.products,
        client=stage.dynamodb.meta.client,
    )
    seller = Seller(stage.settings.seller_role_arn or "", stage.settings.external_id or "")
    calls = MeteringCalls.connect(stage.settings.region, seller).between(first - LOOK_AFTER, now)
    try:
        on_file = fencing.on_file(stage.watch(calls, "calls"))
        ours = {each.customer_identifier for each in stage.subscribers.get_many(sorted(on_file))}
        planned = {each: fencing.plan(each, on_file[each], first, now) for each in sorted(ours)}
    except LookupError as gap:
        raise Refused(f"CloudTrail is no proof here: {gap}. Compare these calls' hours with the usage feed") from None
    planned = {customer: each for customer, each in planned.items() if each.hours or each.dropped}
    _not_sealed_since(stage, on_file, ours, last)
    told = {
        customer: {
            "hours": [named(hour) for hour in each.hours],
            "remainderNotBilled": {name: text(units) for name, units in each.dropped.items()},
        }
        for customer, each in planned.items()
    }

    def do(entry: Operation) -> list[str]:
        item = entry["Put"]["Item"]
        for customer, each in stage.watch(planned.items(), "customers"):

            def audit(change: Mapping[str, Any], customer: str = customer) -> list[Operation]:
                key = f"{item['item']}#{uuid.uuid4().hex[:8]}"
                mine = {**item, "subject": customer, "item": key, "target": customer, "change": dict(change)}
                return [{"Put": {**entry["Put"], "Item": mine}}]

            try:
                fencing.carry_out(customer, each, now, audit)
            except (Cancelled, Contended):
                raise Refused(f"{customer} has changed since it was read: run the same command again") from None
        write_entry(stage, entry)
        return [f"{len(planned)} customers are fenced; ops resume lets metering go on"]

    return Change(
        subject=STAGE_SUBJECT,
        target="#stage",
        change={"since": iso(first), "until": iso(last), "customers": len(planned)},
        shown=[words(f"{customer}: {json.dumps(each)}") for customer, each in told.items()]
        or [words("Marketplace has nothing that the restored ledger does not know.")],
        do=do,
        next=["ops resume", "ops findings"],
    )


def _moment(written: str) -> float:
    try:
        return from_iso(written)
    except ValueError:
        raise Refused(f"{written[:40]!r} is no moment: write it as 2026-11-15T15:20:00Z") from None


def _not_sealed_since(
    stage: OpenStage, on_file: Mapping[str, Mapping[tuple[str, int], OnFile | None]], ours: Iterable[str], last: float
) -> None:
    """Raises Refused where a record was sealed after the restored moment: it holds what may have been billed."""
    table = stage.table(tables.METERING_RECORDS)
    for customer in ours:
        newest = max(hour for _, hour in on_file[customer])
        hours = [record.hour for record in stage.records.unsettled(customer, newest - OLDEST_HOURS * SECONDS)[0]]
        for hour in hours:
            item = table.get_item(Key={"customerIdentifier": customer, "timestamp": hour}).get("Item", {})
            sealed_at = item.get("sealedAt")
            if sealed_at is not None and from_iso(str(sealed_at)) > last:
                raise Refused(
                    f"{customer}/{hour_name(hour)} was sealed after the restored moment: restore the tables again, and"
                    " stop sealing before (docs/runbooks/restore.md)"
                )
