"""What tells people, put together from its settings."""

from typing import TYPE_CHECKING

from buyer.pages.branding import Branding
from buyer.people.senders import BuyerMail, VendorTopic
from buyer.people.tell import Teller
from ledger import dynamodb
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace.products import Products
from runtime.settings import TellPeopleSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def teller(settings: TellPeopleSettings, tables: "DynamoDBServiceResource | None" = None) -> Teller:
    """What tells the people of a stage. tables: None connects to AWS."""
    tables = tables or dynamodb.connect()
    branding = Branding.from_json(settings.BRANDING)
    return Teller(
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        notices=Notices(tables.Table(settings.NOTICES_TABLE)),
        vendor=VendorTopic(settings.VENDOR_TOPIC_ARN),
        buyers=BuyerMail(settings.BUYER_FROM, branding.vendor) if settings.BUYER_FROM else None,
        products=Products.from_json(settings.PRODUCTS),
        branding=branding,
        confirm_within=int(settings.CONFIRM_WITHIN_SECONDS),
    )
