"""Puts together the submitter."""

from typing import TYPE_CHECKING

from ledger.allocations import FrozenAllocations
from ledger.metering_records import MeteringRecords
from ledger.pauses import Pauses
from ledger.run_tally import RunTally
from ledger.subscribers import Subscribers
from marketplace.meter_usage import UsageMeter
from marketplace.products import Products
from metering.assembly.settle import settler
from metering.run import Count, Mode
from metering.send.pace import Pace
from metering.send.send_batch import Sender
from metering.send.stops import Stops
from metering.send.submit_batch import Submitter
from metering.settle.settle_lines import Billed, unheard
from runtime import clock
from runtime.clock import Clock
from runtime.settings import SubmitBatchSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def submitter(
    settings: SubmitBatchSettings,
    dynamodb: "DynamoDBServiceResource",
    meter: UsageMeter,
    *,
    count: Count,
    clock: Clock = clock.now,
    pace: Pace | None = None,
    products: Products | None = None,
    billed: Billed = unheard,
) -> Submitter:
    """The submitter. pace, products: the settings' own by default. billed: hears of each billed line."""
    tally = RunTally(dynamodb.Table(settings.STATE_TABLE))
    return Submitter(
        records=MeteringRecords(dynamodb, settings.METERING_RECORDS_TABLE),
        subscribers=Subscribers(dynamodb.Table(settings.SUBSCRIBERS_TABLE)),
        allocations=FrozenAllocations(dynamodb, settings.USAGE_EVENTS_TABLE),
        pauses=Pauses(dynamodb.Table(settings.STATE_TABLE)),
        mode=Mode.of(settings),
        sender=Sender(
            settler=settler(settings.METERING_RECORDS_TABLE, dynamodb, count=count, clock=clock, billed=billed),
            meter=meter,
            pace=pace
            or Pace(calls_per_second=float(settings.CALLS_PER_SECOND), copies=int(settings.SUBMIT_CONCURRENCY)),
            tally=tally,
            stops=Stops(products or Products.from_json(settings.PRODUCTS), tally),
        ),
    )
