"""What the subscription notices' function works with, put together from its settings."""

from typing import TYPE_CHECKING

from buyer.allowed_buyers import AllowedBuyers
from buyer.notices.rules import NoticeRules
from buyer.notices.subscription import SubscriptionReceiver
from ledger import dynamodb
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace.products import Products
from runtime.settings import SubscriptionNoticesSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def subscription_receiver(
    settings: SubscriptionNoticesSettings, tables: "DynamoDBServiceResource | None" = None
) -> SubscriptionReceiver:
    """The receiver of the subscription queue. tables: DynamoDB; None connects to the function's."""
    tables = tables or dynamodb.connect()
    return SubscriptionReceiver(rules(settings, tables), Notices(tables.Table(settings.NOTICES_TABLE)))


def rules(settings: SubscriptionNoticesSettings, tables: "DynamoDBServiceResource") -> NoticeRules:
    """The rules of the stage, which both queues' functions share."""
    return NoticeRules(
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        products=Products.from_json(settings.PRODUCTS),
        allowed=AllowedBuyers.from_setting(settings.NOTICES_OF),
    )
