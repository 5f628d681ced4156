"""The receivers of notices, put together from their functions' settings."""

from typing import TYPE_CHECKING

from buyer.allowed_buyers import AllowedBuyers
from buyer.entitlements import EntitlementSource, EntitlementSync
from buyer.notices.entitlement import EntitlementReceiver
from buyer.notices.rules import NoticeRules
from buyer.notices.subscription import SubscriptionReceiver
from ledger import dynamodb
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace import tiers
from marketplace.client import MarketplaceClient
from marketplace.regions import NOTICES_REGION
from marketplace.seller import Seller
from runtime.settings import EntitlementNoticesSettings, SubscriptionNoticesSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def subscription_receiver(
    settings: SubscriptionNoticesSettings, tables: "DynamoDBServiceResource | None" = None
) -> SubscriptionReceiver:
    """The receiver of the subscription queue. tables: DynamoDB; None connects to the function's."""
    tables = tables or dynamodb.connect()
    return SubscriptionReceiver(_rules(settings, tables), Notices(tables.Table(settings.NOTICES_TABLE)))


def entitlement_receiver(
    settings: EntitlementNoticesSettings,
    source: EntitlementSource | None = None,
    tables: "DynamoDBServiceResource | None" = None,
) -> EntitlementReceiver:
    """The receiver of the entitlement queue. source: AWS Marketplace; None connects to it, in its one Region."""
    tables = tables or dynamodb.connect()
    rules = _rules(settings, tables)
    seller = Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)
    sync = EntitlementSync(
        source=source or MarketplaceClient.connect(NOTICES_REGION, seller=seller),
        subscribers=rules.subscribers,
        product_code=settings.PRODUCT_CODE,
        tiers=tiers.from_json(settings.TIERS),
    )
    return EntitlementReceiver(rules, Notices(tables.Table(settings.NOTICES_TABLE)), sync, settings.PRICING_MODEL)


def _rules(
    settings: SubscriptionNoticesSettings | EntitlementNoticesSettings, tables: "DynamoDBServiceResource"
) -> NoticeRules:
    return NoticeRules(
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        product_code=settings.PRODUCT_CODE,
        integration=settings.INTEGRATION,
        allowed=AllowedBuyers.from_setting(settings.NOTICES_OF),
    )
