"""A small world for the protocol: the real stores on the DynamoDB in memory, the real local Marketplace over HTTP, a
clock to set.

Nothing of the project is faked: what is recorded, sealed, planned, submitted and settled here is the functions' code.
That the store in memory does what DynamoDB does is the contract suite's to show (``tests.contracts``).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
from botocore.config import Config

from ledger import tables
from ledger.allocations import FrozenAllocations
from ledger.balance import Balances
from ledger.metering_record import MeteringRecord
from ledger.pauses import Pauses
from ledger.settlement import Settlement
from ledger.tagged_usage import TaggedUsage
from local.dynamodb.declared_tables import TABLE_SETTINGS, with_tables
from local.dynamodb.store import MemoryDynamoDB
from marketplace.dimensions import Dimension
from marketplace.hour import SECONDS, hour_of
from marketplace.meter_usage import UsageMeter
from marketplace.products import Product, Products
from marketplace.tiers import Tier
from marketplace_local.admin import MarketplaceAdmin
from marketplace_local.server import LocalMarketplace
from metering.assembly import final, find, seal, send, settle
from metering.final.end_subscription import SubscriptionEnder
from metering.find.find_due_hours import find_due_hours, last_due_hour
from metering.find.put_zero_records import ZeroRecords
from metering.report.copy_failed import copy_failed
from metering.run import Mode
from metering.seal.seal_hours import Sealer
from metering.seal.unusual_settings import UnusualSettings
from metering.send.pace import Pace
from metering.send.plan_batches import plan_batches
from metering.send.send_batch import MarketplaceBusy, ProductFault
from metering.send.submit_batch import Submitter
from metering.settle.settle_hours import settle_hours
from metering.settle.settle_lines import OF_VERDICT, LineSettler
from metering.sizes import PAGE_KEYS
from runtime.clock import from_iso, iso
from runtime.metric_names import MeteringMetric
from runtime.settings import (
    EndSubscriptionSettings,
    PutZeroRecordsSettings,
    SealHoursSettings,
    Settings,
    SubmitBatchSettings,
    UsageSettings,
)
from tests.products import sold
from usage.assembly import stores
from usage.report_usage import report_usage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

AnySettings = TypeVar("AnySettings", bound=Settings)

PRODUCT = "prod-scenarios"
START = from_iso("2026-11-15T08:00:00Z")
DIMENSIONS = {
    name: Dimension(name=name, unit=unit, aggregation=aggregation, scale=scale, decimals=decimals)  # type: ignore[arg-type]
    for name, unit, aggregation, scale, decimals in (
        ("workflow_executions", "execution", "sum", 1, 0),
        ("active_users", "user", "distinct", 1, 0),
        ("data_processed_gb", "GB", "sum", 1, 6),
        ("api_calls", "call", "sum", 1000, 0),
        ("peak_nodes", "node", "max", 1, 0),
    )
}


class DeadLetters:
    """SQS, as far as a copy of a failed line needs it."""

    def __init__(self, bodies: list[str]) -> None:
        self._bodies = bodies

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        self._bodies.append(MessageBody)


@dataclass
class World:
    """``now`` is settable. ``marketplace``: set up buyers and faults; its log is the judge."""

    marketplace: MarketplaceAdmin
    server: LocalMarketplace
    now: float = START
    pricing_model: str = "subscription"
    integration: str = "mixed"
    #: Products beside the one that the other settings describe.
    more: Sequence[Product] = ()
    tiers: Sequence[Tier] = ()
    dimensions: Mapping[str, Dimension] = field(default_factory=lambda: DIMENSIONS)
    mode: str = "live"
    test_buyers: frozenset[str] = frozenset()
    zeros: str = "off"
    unusual: UnusualSettings = field(default_factory=UnusualSettings)
    shards: int = 1
    #: The most keys of a page of due hours.
    page_keys: int = PAGE_KEYS
    buyers: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What sealing and submitting count, by metric.
    counted: Counter[MeteringMetric] = field(default_factory=Counter)
    #: Bodies of the BatchMeterUsage requests, as they were sent.
    requests: list[bytes] = field(default_factory=list)
    #: Bodies of the copies of failed lines.
    dead_letters: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dynamodb = self.connect()
        self.subscriber_items = self.dynamodb.Table(tables.SUBSCRIBERS.name)
        self.stores = stores(self.settings(UsageSettings), self.dynamodb)
        self.subscribers, self.records, self.events = self.stores.subscribers, self.stores.records, self.stores.events
        self.settlement = Settlement(self.dynamodb.Table(tables.METERING_RECORDS.name))
        self.balances = Balances(self.dynamodb.Table(tables.STATE.name))
        self.pauses = Pauses(self.dynamodb.Table(tables.STATE.name))
        self.allocations = FrozenAllocations(self.dynamodb, tables.USAGE_EVENTS.name)
        self.tagged = TaggedUsage(self.dynamodb.Table(tables.USAGE_EVENTS.name))

    def connect(self) -> "DynamoDBServiceResource":
        """The tables' DynamoDB."""
        return cast("DynamoDBServiceResource", with_tables(MemoryDynamoDB()))

    def settings(self, kind: type[AnySettings]) -> AnySettings:
        """A function's settings, as the stage would set them now."""
        return kind.from_env(
            {
                **TABLE_SETTINGS,
                "PRODUCTS": self.products.to_json(),
                "PRODUCT_CODE": ",".join(self.products.codes),
                "NOTICES_OF": "all",
                "REPORTERS": "[]",
                "UNUSUAL": self.unusual.to_json(),
                "PENDING_SHARDS": str(self.shards),
                "METERING_MODE": self.mode,
                "TEST_BUYERS": ",".join(self.test_buyers),
                **dict.fromkeys(("METERING_REGION", "SELLER_ROLE_ARN", "EXTERNAL_ID"), ""),
                **dict.fromkeys(("SEAL_DELAY_MINUTES", "CALLS_PER_SECOND", "SUBMIT_CONCURRENCY"), "1"),
            }
        )

    @property
    def products(self) -> Products:
        """What the stage sells: ``more`` beside the product that its other settings describe."""
        one = sold(
            self.dimensions,
            code=PRODUCT,
            pricing_model=self.pricing_model,
            tiers=self.tiers,
            hourly_zeros=self.zeros,
            integration=self.integration,
        )
        return Products((*one, *self.more))

    @property
    def metering_mode(self) -> Mode:
        return Mode(self.mode, self.test_buyers)

    # --- what the code asks of its machine: a simulation answers otherwise --------------------------------------------

    def clock(self) -> float:
        """The time."""
        return self.now

    def pause(self, _attempt: int) -> None:
        """Waits before another attempt: not here."""

    def pace(self) -> Pace:
        """The pace of one copy of the submitter."""
        return Pace(calls_per_second=1000, copies=1)

    # --- buyers -------------------------------------------------------------------------------------------------------

    def buyer(
        self,
        kind: str = "license",
        active_from: float | None = START - 86400,
        *,
        product: str = PRODUCT,
        account: str | None = None,
    ) -> str:
        """A buyer whom Marketplace and the subscribers' table know; active from that moment. The billing key.

        account: its AWS account, if that buys other products as well."""
        activated_at = iso(active_from) if active_from is not None else None
        bought = self.marketplace.create_buyer(product, kind, activated_at=activated_at, account_id=account)
        item: dict[str, Any] = {
            "customerIdentifier": bought["id"],
            "integration": kind,
            "productCode": product,
            "customerAWSAccountId": bought["accountId"],
            "subscriptionStatus": "pending",
        }
        if kind == "license":
            item["licenseArn"] = bought["licenseArn"]
        if active_from is not None:
            item |= {
                "subscriptionStatus": "active",
                "activePeriods": [{"start": int(active_from)}],
                "statusChangedAt": int(active_from),
            }
        self.subscriber_items.put_item(Item=item)
        self.buyers[bought["id"]] = bought
        return str(bought["id"])

    def change(self, customer: str, **attributes: Any) -> None:
        """Change a subscriber's item as a notice would."""
        names = {f"#{name}": name for name in attributes}
        self.subscriber_items.update_item(
            Key={"customerIdentifier": customer},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )

    # --- usage --------------------------------------------------------------------------------------------------------

    def report(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        """Verdicts of POST /usage."""
        answers = report_usage(list(events), self.products, self.stores, lambda: self.now)
        return [verdict.payload() for _, verdict in answers]

    def event(self, customer: str, event_id: str, quantity: Any = 1, **changes: Any) -> dict[str, Any]:
        body = {
            "id": event_id,
            "source": "scenario",
            "customerIdentifier": customer,
            "dimension": "workflow_executions",
            "quantity": quantity,
            "occurredAt": iso(self.now),
        }
        return body | changes

    # --- metering -----------------------------------------------------------------------------------------------------

    @property
    def sealer(self) -> Sealer:
        settings = self.settings(SealHoursSettings)
        return seal.sealer(settings, self.dynamodb, count=self.count, clock=self.clock, pause=self.pause)

    def count(self, metric: MeteringMetric, number: int) -> None:
        self.counted[metric] += number

    @cached_property
    def meter(self) -> UsageMeter:
        """A meter that sends to the local Marketplace."""
        client = boto3.client(
            "meteringmarketplace",
            region_name="us-east-1",
            endpoint_url=self.server.url,
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=5),
        )
        client.meta.events.register(
            "before-call.meteringmarketplace.BatchMeterUsage",
            lambda params, **_: self.requests.append(params["body"]),
        )
        return UsageMeter(client)

    @property
    def submitter(self) -> Submitter:
        settings = self.settings(SubmitBatchSettings)
        return send.submitter(settings, self.dynamodb, self.meter, count=self.count, clock=self.clock, pace=self.pace())

    @property
    def settler(self) -> LineSettler:
        return settle.settler(self.records.table_name, self.dynamodb, count=self.count, clock=self.clock)

    @property
    def ender(self) -> SubscriptionEnder:
        settings = self.settings(EndSubscriptionSettings)
        return final.subscription_ender(settings, self.dynamodb, count=self.count, clock=self.clock, pause=self.pause)

    @property
    def zero_records(self) -> ZeroRecords:
        return find.zero_records(self.settings(PutZeroRecordsSettings), self.dynamodb)

    def put_zeros(self, hour: int | None = None) -> int:
        """Zero records of the hour that is due (or another one), page by page; how many."""
        due = last_due_hour(self.now, 10, None) if hour is None else hour
        number, cursor = self.zero_records.put(due, None, self.now)
        while cursor is not None:
            more, cursor = self.zero_records.put(due, cursor, self.now)
            number += more
        return number

    def run(self) -> list[str]:
        """One hourly run, as the workflow does it; names of the errors that stopped a batch."""
        self.put_zeros()
        errors, pages = self._pass(known_bad=False)
        if pages > 1 and "ProductFault" not in errors:
            errors += self._pass(known_bad=True)[0]
        self.report_failed()
        return errors

    def report_failed(self) -> None:
        """Copies of failed lines to the dead letters, and their counts, as the run's report does it."""
        records = self.records.get_many(self.records.failed_keys(last_due_hour(self.now, 0, None)))
        queue: Any = DeadLetters(self.dead_letters)
        copy_failed(records, queue, "queue", self.settlement, self._count_failed)

    def _count_failed(self, lines: Mapping[str, int]) -> None:
        for verdict, number in lines.items():
            self.count(OF_VERDICT[verdict], number)

    def _pass(self, *, known_bad: bool) -> tuple[list[str], int]:
        """Every page of what is due, its errors and how many pages there were. known_bad: what was rejected before too;
        on the last page always."""
        errors: list[str] = []
        run = iso(self.now)
        cursor, more, pages = None, True, 0
        while more:
            pages += 1
            page = find_due_hours(
                self.records,
                now=self.now,
                seal_delay_minutes=10,
                wanted=None,
                cursor=cursor,
                products=self.products,
                most=self.page_keys,
            )
            self.sealer.seal_hours(page.keys)
            batches, _left = plan_batches(
                page.keys,
                self.records,
                self.subscribers,
                self.now,
                self.metering_mode,
                paused=self.pauses.read(),
                known_bad=known_bad or not page.more,
            )
            for batch in batches:
                try:
                    self.submitter.submit(batch, run)
                except (MarketplaceBusy, ProductFault) as error:
                    errors.append(type(error).__name__)
                    if isinstance(error, ProductFault):
                        return errors, pages
            settle_hours(page.keys, self.records, self.settler, self.metering_mode)
            payload = page.payload()
            cursor, more = payload["cursor"], payload["more"]
        return errors, pages

    def next_run(self, hours: int = 1) -> list[str]:
        """Let time pass to ten past the hour after the next ``hours``, and run."""
        self.now = hour_of(self.now) + hours * SECONDS + 600
        return self.run()

    # --- judged -------------------------------------------------------------------------------------------------------

    def record(self, customer: str, hour: float = START) -> MeteringRecord:
        record = self.records.get(customer, hour_of(hour))
        assert record is not None
        return record

    def verdicts(self, customer: str, hour: float = START) -> dict[str, str | None]:
        return {name: line.verdict for name, line in self.record(customer, hour).lines.items()}

    def accepted(self) -> list[dict[str, Any]]:
        """What Marketplace will bill."""
        return list(self.marketplace.accepted())

    def billed(self, customer: str, dimension: str = "workflow_executions") -> Decimal:
        return sum(
            (
                Decimal(line["quantity"])
                for line in self.accepted()
                if line["buyer"] == customer and line["dimension"] == dimension
            ),
            Decimal(0),
        )

    def pending(self) -> set[tuple[str, int]]:
        return set(self.records.pending_keys(hour_of(self.now) + 48 * SECONDS))

    def failed(self) -> set[tuple[str, int]]:
        return set(self.records.failed_keys(hour_of(self.now) + 48 * SECONDS))


@contextmanager
def world(**settings: Any) -> Iterator[World]:
    """A new world: empty tables, an empty Marketplace."""
    holder: dict[str, World] = {}
    server = LocalMarketplace(now=lambda: holder["world"].now if holder else START)
    server.start()
    try:
        admin = MarketplaceAdmin(server.url)
        admin.create_product(PRODUCT, DIMENSIONS, integration="mixed", contract_dimensions=["basic", "pro"])
        admin.set_settings(callsPerSecond=100000)
        holder["world"] = World(admin, server, **settings)
        yield holder["world"]
    finally:
        server.stop()
