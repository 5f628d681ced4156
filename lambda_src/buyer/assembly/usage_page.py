"""What shows a buyer its usage, put together from its settings."""

from typing import TYPE_CHECKING

from buyer.access_terms import AccessRules
from buyer.signing_keys import SigningKeys
from buyer.usage_page.links import Links
from buyer.usage_page.read import Summaries
from buyer.usage_page.settings import PageSettings
from ledger import dynamodb
from ledger.balance import Balances
from ledger.metering_records import MeteringRecords
from marketplace.products import Products
from runtime.settings import BuyerUsageSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def summaries(settings: BuyerUsageSettings, tables: "DynamoDBServiceResource | None" = None) -> Summaries:
    """The summaries of a stage. tables: None connects to AWS."""
    tables = tables or dynamodb.connect()
    page = PageSettings.from_json(settings.USAGE_PAGE) or PageSettings()
    return Summaries(
        records=MeteringRecords(tables, settings.METERING_RECORDS_TABLE),
        balances=Balances(tables.Table(settings.STATE_TABLE)),
        products=Products.from_json(settings.PRODUCTS),
        access=AccessRules.from_json(settings.ACCESS),
        currency=settings.CURRENCY,
        history=page.history,
    )


def links(settings: BuyerUsageSettings) -> Links | None:
    """The links of a stage; None where it has no such page."""
    page = PageSettings.from_json(settings.USAGE_PAGE)
    return Links(SigningKeys.connect(settings.USAGE_PAGE_SECRET_ARN), page.link_hours) if page else None
