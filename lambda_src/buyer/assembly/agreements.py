"""What the search of agreements works with, put together from its settings."""

import json
from typing import TYPE_CHECKING

from buyer.agreements.search import AgreementSearch
from buyer.assembly.entitlements import entitlement_receiver
from buyer.assembly.notices import links_of, subscription_receiver
from buyer.entitlements import EntitlementSource
from ledger import dynamodb
from ledger.agreement_search import SearchProgress
from marketplace.agreements import Agreements
from marketplace.seller import Seller
from runtime.settings import SearchAgreementsSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def searches(
    settings: SearchAgreementsSettings,
    agreements: Agreements | None = None,
    source: EntitlementSource | None = None,
    tables: "DynamoDBServiceResource | None" = None,
) -> tuple[AgreementSearch, ...]:
    """The search of each product. agreements, source: AWS Marketplace; None connects to it."""
    tables = tables or dynamodb.connect()
    agreements = agreements or Agreements.connect(Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID))
    subscriptions = subscription_receiver(settings, tables)
    entitlements = entitlement_receiver(settings, source, tables)
    product_ids: dict[str, str] = json.loads(settings.PRODUCT_IDS)
    return tuple(
        AgreementSearch(
            agreements=agreements,
            progress=SearchProgress(tables.Table(settings.STATE_TABLE)),
            subscriptions=subscriptions,
            entitlements=entitlements,
            links=links_of(subscriptions.rules.subscribers, settings.SUBSCRIBERS_TABLE, tables),
            product_id=product_id,
            product_code=code,
        )
        for code, product_id in product_ids.items()
    )
