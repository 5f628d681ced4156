"""What the functions of this room work with, put together from their settings; tests pass other tables and queues."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from ledger.usage_events import UsageEvents
from marketplace.products import Products
from runtime import aws, clock
from runtime.settings import UsageQueueSettings, UsageSettings
from usage.drain_queue import Drain, Outbox
from usage.report_usage import Answer
from usage.reporters import Reporters
from usage.stores import Stores

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def stores(settings: UsageSettings, tables: "DynamoDBServiceResource | None" = None) -> Stores:
    """The stores that recording writes to. tables: DynamoDB; None connects to the function's."""
    tables = tables or dynamodb.connect()
    return Stores(
        client=tables.meta.client,
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        subscribers_table=settings.SUBSCRIBERS_TABLE,
        events=UsageEvents(tables, settings.USAGE_EVENTS_TABLE),
        records=MeteringRecords(tables, settings.METERING_RECORDS_TABLE, int(settings.PENDING_SHARDS)),
    )


def drain(settings: UsageQueueSettings, report: Callable[[Sequence[Answer]], None]) -> Drain:
    """The drain of both queues. report: see ``Drain``."""
    sqs = aws.client("sqs")
    return Drain(
        products=Products.from_json(settings.PRODUCTS),
        reporters=Reporters.from_json(settings.REPORTERS),
        stores=stores(settings),
        clock=clock.now,
        report=report,
        waiting=Outbox(sqs, settings.WAITING_USAGE_QUEUE_URL),
        refused=Outbox(sqs, settings.REFUSED_USAGE_QUEUE_URL),
    )
