"""What the entitlement notices' function works with, put together from its settings."""

from typing import TYPE_CHECKING

from buyer.assembly.notices import rules
from buyer.entitlements import EntitlementSource, EntitlementSync
from buyer.notices.entitlement import EntitlementReceiver
from ledger import dynamodb
from ledger.notices import Notices
from marketplace.client import MarketplaceClient
from marketplace.regions import NOTICES_REGION
from marketplace.seller import Seller
from runtime.settings import EntitlementNoticesSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def entitlement_receiver(
    settings: EntitlementNoticesSettings,
    source: EntitlementSource | None = None,
    tables: "DynamoDBServiceResource | None" = None,
) -> EntitlementReceiver:
    """The receiver of the entitlement queue. source: AWS Marketplace; None connects to it, in its one Region."""
    tables = tables or dynamodb.connect()
    stage_rules = rules(settings, tables)
    seller = Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)
    sync = EntitlementSync(
        source=source or MarketplaceClient.connect(NOTICES_REGION, seller=seller),
        subscribers=stage_rules.subscribers,
        products=stage_rules.products,
    )
    return EntitlementReceiver(stage_rules, Notices(tables.Table(settings.NOTICES_TABLE)), sync)
