"""Puts together the last step of final metering."""

from typing import TYPE_CHECKING

from ledger.balance import Balances
from ledger.cancellation import Cancellation
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from marketplace.products import Products
from metering.assembly.settle import settler
from metering.final.end_subscription import SubscriptionEnder
from metering.run import Count
from runtime import clock
from runtime.clock import Clock
from runtime.pause import Pause, full_jitter
from runtime.settings import EndSubscriptionSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def subscription_ender(
    settings: EndSubscriptionSettings,
    dynamodb: "DynamoDBServiceResource",
    *,
    count: Count,
    clock: Clock = clock.now,
    pause: Pause = full_jitter,
) -> SubscriptionEnder:
    """The step that ends a subscription."""
    balances = Balances(dynamodb.Table(settings.STATE_TABLE))
    return SubscriptionEnder(
        records=MeteringRecords(dynamodb, settings.METERING_RECORDS_TABLE),
        subscribers=Subscribers(dynamodb.Table(settings.SUBSCRIBERS_TABLE)),
        balances=balances,
        cancellation=Cancellation(
            client=dynamodb.meta.client, subscribers_table=settings.SUBSCRIBERS_TABLE, balances=balances
        ),
        settler=settler(settings.METERING_RECORDS_TABLE, dynamodb, count=count, clock=clock),
        products=Products.from_json(settings.PRODUCTS),
        pause=pause,
    )
