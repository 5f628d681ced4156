"""Our own design, put together as the functions do it, on any DynamoDB: what the benchmarks drive."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger import tables
from ledger.allocations import FrozenAllocations
from ledger.balance import Balances
from ledger.metering_records import MeteringRecords
from ledger.pending_page import RecordKey
from ledger.run_tally import RunTally
from ledger.settlement import Settlement
from ledger.subscribers import Subscribers
from ledger.tagged_usage import TaggedUsage
from ledger.usage_events import UsageEvents
from marketplace.dimensions import Dimension
from marketplace.meter_usage import UsageMeter
from metering.allocate_hour import Allocator
from metering.freeze_hour import Freezer
from metering.mode import Mode
from metering.pace import Pace
from metering.seal_hours import Sealer
from metering.submit_batch import Submitter
from metering.zero_rules import OFF, HourlyZeros
from runtime.clock import from_iso, iso
from tests.contracts.dynamodb_tables import create
from usage.record_usage import record_customer
from usage.stores import Stores
from usage.usage_event import UsageEvent
from usage.verdict import Verdict

PRODUCT = "8y1zq7w4bench0yawl2metering"
#: the hour that is recorded, and a moment in it
HOUR = int(from_iso("2026-11-15T08:00:00Z"))
DURING = HOUR + 1200.0
#: ten past the hour after it: when it is metered
AFTER = HOUR + 4200.0
DIMENSIONS: Mapping[str, Dimension] = {
    name: Dimension(name=name, unit=unit, aggregation=aggregation, scale=scale, decimals=decimals)  # type: ignore[arg-type]
    for name, unit, aggregation, scale, decimals in (
        ("workflow_executions", "execution", "sum", 1, 0),
        ("active_users", "user", "distinct", 1, 0),
        ("data_processed_gb", "GB", "sum", 1, 6),
        ("api_calls", "call", "sum", 1000, 0),
        ("worklet_invocations", "invocation", "sum", 1, 0),
    )
}
LIVE = Mode("live")
#: names a run, where one is asked for
RUN = "bench"
ADDED = ("workflow_executions", "data_processed_gb", "api_calls", "worklet_invocations")


@dataclass
class House:
    """The stores over one DynamoDB, with a clock to set. Tables are created where ``create_tables`` says so."""

    dynamodb: Any
    now: float = DURING
    create_tables: bool = True
    stores: Stores = field(init=False)

    def __post_init__(self) -> None:
        if self.create_tables:
            for table in tables.ALL_TABLES:
                create(self.dynamodb.meta.client, table, table.name)
        self.subscriber_items = self.dynamodb.Table(tables.SUBSCRIBERS.name)
        self.subscribers = Subscribers(self.subscriber_items)
        self.records = MeteringRecords(self.dynamodb, tables.METERING_RECORDS.name)
        self.settlement = Settlement(self.dynamodb.Table(tables.METERING_RECORDS.name))
        self.allocations = FrozenAllocations(self.dynamodb, tables.USAGE_EVENTS.name)
        self.balances = Balances(self.dynamodb.Table(tables.STATE.name))
        self.stores = Stores(
            self.dynamodb.meta.client,
            self.subscribers,
            tables.SUBSCRIBERS.name,
            UsageEvents(self.dynamodb, tables.USAGE_EVENTS.name),
            self.records,
        )

    def subscribe(self, customer: str, licence: str | None = None, account: str = "444455556666") -> str:
        """An active subscriber, by licence."""
        self.subscriber_items.put_item(
            Item={
                "customerIdentifier": customer,
                "integration": "license",
                "productCode": PRODUCT,
                "customerAWSAccountId": account,
                "licenseArn": licence or f"arn:aws:license-manager::{account}:license:{customer}",
                "subscriptionStatus": "active",
                "activePeriods": [{"start": HOUR - 30 * 86400}],
                "statusChangedAt": HOUR - 30 * 86400,
                "schema": 1,
                "version": 1,
            }
        )
        return customer

    def record(self, customer: str, events: Sequence[UsageEvent]) -> list[Verdict]:
        """As ``POST /usage`` does for one customer's part of a request."""
        return record_customer(customer, events, self.stores, lambda: self.now)

    def open_hour(self, customer: str, hour: int = HOUR, quantity: int = 1234) -> RecordKey:
        """An open record with usage of all five dimensions, without the events behind it."""
        from ledger.transaction import write

        counted = {(name, "2026-11"): Decimal(quantity) for name in DIMENSIONS}
        write(self.stores.client, [self.records.add(customer, hour, counted, exists=False, now=hour + 60.0)])
        return customer, hour

    @property
    def sealer(self) -> Sealer:
        freezer = Freezer(
            records=self.records,
            balances=self.balances,
            subscribers=self.subscribers,
            dimensions=DIMENSIONS,
            tiers=(),
            pricing_model="subscription",
            product_code=PRODUCT,
            zeros=HourlyZeros(OFF),
            mode=LIVE,
            allocator=Allocator(TaggedUsage(self.dynamodb.Table(tables.USAGE_EVENTS.name)), self.allocations),
        )
        return Sealer(client=self.stores.client, freezer=freezer, clock=lambda: self.now)

    def submitter(self, meter: UsageMeter, pace: Pace | None = None) -> Submitter:
        return Submitter(
            records=self.records,
            settlement=self.settlement,
            subscribers=self.subscribers,
            meter=meter,
            pace=pace or Pace(calls_per_second=1e9, copies=1),
            clock=lambda: self.now,
            mode=LIVE,
            allocations=self.allocations,
            tally=RunTally(self.dynamodb.Table(tables.STATE.name)),
        )


def events(customer: str, number: int, *, prefix: str = "e", dimensions: Sequence[str] = ADDED) -> Iterator[UsageEvent]:
    """So many events of a customer as an engine reports them, in turn of these dimensions."""
    for n in range(number):
        dimension = DIMENSIONS[dimensions[n % len(dimensions)]]
        yield UsageEvent(
            id=f"{prefix}-{n:08d}",
            source="engine-7",
            customer_identifier=customer,
            dimension=dimension,
            quantity=Decimal(1),
            occurred_at=DURING - 30,
            received_at=DURING,
            user=f"user-{prefix}-{n}" if dimension.aggregation == "distinct" else None,
        )


class AcceptingMarketplace:
    """Answers every record with Success, at once and in process: for figures that are not about Marketplace."""

    def __init__(self, note: Callable[[int], object] = lambda _: None) -> None:
        self.calls = 0
        self._note = note

    def batch_meter_usage(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        self._note(len(request["UsageRecords"]))
        results = [
            {
                "UsageRecord": record,
                "MeteringRecordId": f"{self.calls:08}-0000-4000-8000-{number:012}",
                "Status": "Success",
            }
            for number, record in enumerate(request["UsageRecords"])
        ]
        return {"Results": results, "UnprocessedRecords": []}


def at(moment: float) -> str:
    """An ISO time, for tables."""
    return iso(moment)
