"""Puts together the sealer."""

from typing import TYPE_CHECKING

from ledger.allocations import FrozenAllocations
from ledger.balance import Balances
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from ledger.tagged_usage import TaggedUsage
from marketplace.products import Products
from metering.run import Count, Mode
from metering.seal.find_unusual import UnusualLines
from metering.seal.plan_seal import SealPlanner
from metering.seal.seal_hours import Sealer
from metering.seal.unusual_settings import UnusualSettings
from runtime import clock
from runtime.clock import Clock
from runtime.pause import Pause, full_jitter
from runtime.settings import SealHoursSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def sealer(
    settings: SealHoursSettings,
    dynamodb: "DynamoDBServiceResource",
    *,
    count: Count,
    clock: Clock = clock.now,
    pause: Pause = full_jitter,
) -> Sealer:
    """The sealer of the stage's hours."""
    records = MeteringRecords(dynamodb, settings.METERING_RECORDS_TABLE, int(settings.PENDING_SHARDS))
    planner = SealPlanner(
        records=records,
        balances=Balances(dynamodb.Table(settings.STATE_TABLE)),
        subscribers=Subscribers(dynamodb.Table(settings.SUBSCRIBERS_TABLE)),
        tagged_usage=TaggedUsage(dynamodb.Table(settings.USAGE_EVENTS_TABLE)),
        allocations=FrozenAllocations(dynamodb, settings.USAGE_EVENTS_TABLE),
        products=Products.from_json(settings.PRODUCTS),
        mode=Mode.of(settings),
        unusual=UnusualLines(records=records, settings=UnusualSettings.from_json(settings.UNUSUAL)),
    )
    return Sealer(client=dynamodb.meta.client, planner=planner, clock=clock, count=count, pause=pause)
