"""What the subscription notices' function works with, put together from its settings."""

from typing import TYPE_CHECKING

from buyer.allowed_buyers import AllowedBuyers
from buyer.notices.rules import NoticeRules
from buyer.notices.subscription import SubscriptionReceiver
from ledger import dynamodb
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from ledger.succession import Links
from marketplace.products import Products
from runtime.settings import SearchAgreementsSettings, SubscriptionNoticesSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def subscription_receiver(
    settings: SubscriptionNoticesSettings | SearchAgreementsSettings, tables: "DynamoDBServiceResource | None" = None
) -> SubscriptionReceiver:
    """The receiver of the subscription queue. tables: DynamoDB; None connects to the function's."""
    tables = tables or dynamodb.connect()
    stage_rules = rules(settings, tables)
    links = links_of(stage_rules.subscribers, settings.SUBSCRIBERS_TABLE, tables)
    return SubscriptionReceiver(stage_rules, Notices(tables.Table(settings.NOTICES_TABLE)), links)


def links_of(subscribers: Subscribers, table_name: str, tables: "DynamoDBServiceResource") -> Links:
    """How two keys of one buyer are linked."""
    return Links(client=tables.meta.client, subscribers=subscribers, subscribers_table=table_name)


def rules(settings: SubscriptionNoticesSettings, tables: "DynamoDBServiceResource") -> NoticeRules:
    """The rules of the stage, which both queues' functions share."""
    return NoticeRules(
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        products=Products.from_json(settings.PRODUCTS),
        allowed=AllowedBuyers.from_setting(settings.NOTICES_OF),
    )
