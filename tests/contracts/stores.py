"""The stores on a DynamoDB, for the contract tests; in memory, or on moto, for those of rooms that use them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from ledger import tables
from ledger.allocations import FrozenAllocations
from ledger.balance import Balances
from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.seal_record import Frozen
from ledger.settlement import Settlement
from ledger.subscribers import Subscribers
from ledger.tagged_usage import TaggedUsage
from ledger.transaction import write
from ledger.usage_events import UsageEvents
from local.dynamodb.declared_tables import create
from local.dynamodb.store import MemoryDynamoDB

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

CUSTOMER = "customer-1"
HOUR = 1_795_000_000 // 3600 * 3600
NOW = HOUR + 4200.0
MONTH = "2026-11"
COUNTED = {("api_calls", MONTH): Decimal(2400)}


@dataclass
class Ledger:
    """The stores, and the tables below them."""

    dynamodb: "DynamoDBServiceResource"
    shards: int = 1
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.dynamodb.meta.client
        self.records = MeteringRecords(self.dynamodb, tables.METERING_RECORDS.name, self.shards)
        self.record_items: Table = self.dynamodb.Table(tables.METERING_RECORDS.name)
        self.settlement = Settlement(self.record_items)
        self.events = UsageEvents(self.dynamodb, tables.USAGE_EVENTS.name)
        self.event_items: Table = self.dynamodb.Table(tables.USAGE_EVENTS.name)
        self.tagged = TaggedUsage(self.event_items)
        self.allocations = FrozenAllocations(self.dynamodb, tables.USAGE_EVENTS.name)
        self.state_items: Table = self.dynamodb.Table(tables.STATE.name)
        self.balances = Balances(self.state_items)
        self.subscriber_items: Table = self.dynamodb.Table(tables.SUBSCRIBERS.name)
        self.subscribers = Subscribers(self.subscriber_items)

    def clear(self) -> "Ledger":
        """Empty every table: cheaper than new ones."""
        for declared in tables.ALL_TABLES:
            table = self.dynamodb.Table(declared.name)
            names = [declared.hash.name, *([declared.range.name] if declared.range else [])]
            shown = {f"#k{number}": name for number, name in enumerate(names)}
            scan: dict[str, Any] = {"ProjectionExpression": ", ".join(shown), "ExpressionAttributeNames": shown}
            with table.batch_writer() as batch:
                while True:  # large items take more than a page
                    page = table.scan(**scan)
                    for key in page["Items"]:
                        batch.delete_item(Key=key)
                    if "LastEvaluatedKey" not in page:
                        break
                    scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return self

    def write(self, *operations: Any) -> None:
        write(self.client, operations)

    def item(self, customer: str = CUSTOMER, hour: int = HOUR) -> Mapping[str, Any]:
        return self.record_items.get_item(Key={"customerIdentifier": customer, "timestamp": hour})["Item"]

    def record(self, customer: str = CUSTOMER, hour: int = HOUR) -> MeteringRecord:
        found = self.records.get(customer, hour)
        assert found is not None
        return found

    def opened(
        self, counted: Mapping[tuple[str, str], Decimal] = COUNTED, customer: str = CUSTOMER, hour: int = HOUR
    ) -> MeteringRecord:
        """A record with that usage."""
        self.write(self.records.add(customer, hour, counted, exists=False, now=NOW))
        return self.record(customer, hour)

    def sealed(
        self,
        dimensions: Sequence[str] = ("api_calls",),
        verdict: str | None = None,
        customer: str = CUSTOMER,
        hour: int = HOUR,
    ) -> MeteringRecord:
        """A record with those lines."""
        record = self.opened({(name, MONTH): Decimal(2) for name in dimensions}, customer, hour)
        self.write(self.records.seal(record, frozen(dimensions, verdict), NOW))
        return self.record(customer, hour)

    def pending(self) -> set[tuple[str, int]]:
        return set(self.records.pending_keys(HOUR + 10**6))

    def failed(self) -> set[tuple[str, int]]:
        return set(self.records.failed_keys(HOUR + 10**6))


def frozen(dimensions: Sequence[str], verdict: str | None = None) -> Frozen:
    lines = [
        Line(dimension=name, quantity=Decimal(2), counted=Decimal(2), scale=1, deadline=HOUR + 86400)
        for name in dimensions
    ]
    return Frozen(identity={"integration": "legacy"}, sent_timestamp=HOUR, lines=lines, verdict=verdict)


@contextmanager
def memory_ledger() -> Iterator[Ledger]:
    """Empty tables in memory, for code that takes its stores: the quickest."""
    dynamodb: Any = MemoryDynamoDB()
    for table in tables.ALL_TABLES:
        create(dynamodb.meta.client, table, table.name)
    yield Ledger(dynamodb)


@contextmanager
def ledger() -> Iterator[Ledger]:
    """Empty tables in a new moto, for code that makes its own clients; only one at a time: moto's are all the same."""
    # moto has keys of its own and takes them back last.
    with mock_aws(), pytest.MonkeyPatch.context() as env:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            env.setenv(name, "testing")
        dynamodb = boto3.resource("dynamodb", region_name="us-east-1")
        for table in tables.ALL_TABLES:
            create(dynamodb.meta.client, table, table.name)
        yield Ledger(dynamodb)
