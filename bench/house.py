"""Our own design over any DynamoDB, put together by the functions' own assembly: what the benchmarks drive."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger import tables
from ledger.reading import RecordKey
from ledger.transaction import write
from local.dynamodb.declared_tables import TABLE_SETTINGS, with_tables
from marketplace.dimensions import Dimension
from marketplace.meter_usage import UsageMeter
from marketplace.products import Product, Products
from metering.assembly import seal, send, settle
from metering.run import Mode
from metering.seal.seal_hours import Sealer
from metering.seal.unusual_settings import UnusualSettings
from metering.send.pace import Pace
from metering.send.submit_batch import Submitter
from metering.settle.settle_lines import LineSettler
from runtime.clock import from_iso
from runtime.metric_names import MeteringMetric
from runtime.settings import SealHoursSettings, SubmitBatchSettings, UsageSettings
from usage.assembly import stores
from usage.record_usage import record_customer
from usage.usage_event import UsageEvent
from usage.verdict import Verdict

PRODUCT = "8y1zq7w4bench0yawl2metering"
#: The hour in which usage is recorded, and a moment in it.
HOUR = int(from_iso("2026-11-15T08:00:00Z"))
DURING = HOUR + 1200.0
#: The moment of metering: ten past the hour after it.
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
PRODUCTS = Products(
    (Product(code=PRODUCT, integration="license", pricing_model="subscription", dimensions=DIMENSIONS),)
)
LIVE = Mode("live")
#: Names a run, where one is asked for.
RUN = "bench"
ADDED = ("workflow_executions", "data_processed_gb", "api_calls", "worklet_invocations")
SETTINGS = {
    **TABLE_SETTINGS,
    "PRODUCTS": PRODUCTS.to_json(),
    "REPORTERS": "[]",
    "UNUSUAL": UnusualSettings().to_json(),
    "PENDING_SHARDS": "1",
    "METERING_MODE": LIVE.name,
    **dict.fromkeys(("TEST_BUYERS", "METERING_REGION", "SELLER_ROLE_ARN", "EXTERNAL_ID"), ""),
    "CALLS_PER_SECOND": "1e9",
    "SUBMIT_CONCURRENCY": "1",
}


def count(_metric: MeteringMetric, _number: int) -> None:
    """Benchmarks count nothing."""


@dataclass
class House:
    """The stores over one DynamoDB, with a clock to set. create_tables: makes the tables first."""

    dynamodb: Any
    now: float = DURING
    create_tables: bool = True

    def __post_init__(self) -> None:
        if self.create_tables:
            with_tables(self.dynamodb)
        self.subscriber_items = self.dynamodb.Table(tables.SUBSCRIBERS.name)
        self.stores = stores(UsageSettings.from_env(SETTINGS), self.dynamodb)
        self.subscribers, self.records = self.stores.subscribers, self.stores.records

    def clock(self) -> float:
        """The house's time, in seconds since 1970."""
        return self.now

    @property
    def sealer(self) -> Sealer:
        """The sealer of the function ``seal-hours``, over the house's tables."""
        return seal.sealer(SealHoursSettings.from_env(SETTINGS), self.dynamodb, count=count, clock=self.clock)

    @property
    def settler(self) -> LineSettler:
        """The settler that the functions of metering use, over the house's tables."""
        return settle.settler(self.records.table_name, self.dynamodb, count=count, clock=self.clock)

    def submitter(self, meter: UsageMeter, pace: Pace | None = None) -> Submitter:
        """The submitter of the function ``submit-batch``, which sends by ``meter``. pace: the rate of calls; None is
        the function's own."""
        settings = SubmitBatchSettings.from_env(SETTINGS)
        return send.submitter(settings, self.dynamodb, meter, count=count, clock=self.clock, pace=pace)

    def subscribe(self, customer: str, licence: str | None = None, account: str = "444455556666") -> str:
        """Store an active subscriber, by licence; returns the customer's key."""
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
        """Record events as ``POST /usage`` does for one customer's part of a request."""
        return record_customer(customer, events, self.stores, self.clock)

    def open_hour(
        self, customer: str, hour: int = HOUR, quantity: int = 1234, dimensions: Sequence[str] = tuple(DIMENSIONS)
    ) -> RecordKey:
        """Store an open record with usage of these dimensions, without the events behind it."""
        counted = {(name, "2026-11"): Decimal(quantity) for name in dimensions}
        write(self.stores.client, [self.records.add(customer, hour, counted, exists=False, now=hour + 60.0)])
        return customer, hour


def events(customer: str, number: int, *, prefix: str = "e", dimensions: Sequence[str] = ADDED) -> Iterator[UsageEvent]:
    """That many events of a customer, as an engine reports them, by turns of these dimensions."""
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
        """The answer of BatchMeterUsage: Success for each record of the request, and no unprocessed ones."""
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
