"""What links accounts and redeems hand-overs, put together from its settings."""

from typing import TYPE_CHECKING

from buyer.assembly.handover import handovers
from buyer.handover.redeem import Redeemer
from buyer.link_account import Linker
from ledger.audit_trail import AuditTrail
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace.products import Products
from runtime.settings import SubscriberApiSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def redeemer(settings: SubscriberApiSettings, tables: "DynamoDBServiceResource") -> Redeemer | None:
    """The redeemer of a stage's hand-overs; None where it has none."""
    found = handovers(settings)
    if found is None:
        return None
    return Redeemer(
        handovers=found,
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        notices=Notices(tables.Table(settings.NOTICES_TABLE)),
        products=Products.from_json(settings.PRODUCTS),
    )


def linker(settings: SubscriberApiSettings, tables: "DynamoDBServiceResource") -> Linker:
    """What links accounts."""
    return Linker(Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)), AuditTrail(settings.AUDIT_TABLE))
