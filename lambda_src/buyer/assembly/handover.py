"""What issues and redeems hand-overs, put together from its settings."""

from typing import TYPE_CHECKING

from buyer.handover.redeem import Redeemer
from buyer.handover.token import Handovers
from buyer.link_account import Linker
from buyer.registration.session_keys import SessionKeys
from ledger import dynamodb
from ledger.audit_trail import AuditTrail
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from runtime.settings import HandoverSettings, SubscriberApiSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def handovers(settings: HandoverSettings) -> Handovers | None:
    """The hand-overs of a stage; None where it has no app for them."""
    if not settings.HANDOVER_URL:
        return None
    keys = SessionKeys.connect(settings.HANDOVER_SECRET_ARN)
    return Handovers(keys, settings.HANDOVER_ISSUER, settings.HANDOVER_URL)


def redeemer(settings: SubscriberApiSettings, tables: "DynamoDBServiceResource | None" = None) -> Redeemer | None:
    """The redeemer of a stage's hand-overs; None where it has none. tables: None connects to AWS."""
    found = handovers(settings)
    if found is None:
        return None
    tables = tables or dynamodb.connect()
    return Redeemer(
        handovers=found,
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        notices=Notices(tables.Table(settings.NOTICES_TABLE)),
        title=settings.PRODUCT_TITLE,
    )


def linker(settings: SubscriberApiSettings, tables: "DynamoDBServiceResource | None" = None) -> Linker:
    """What links accounts. tables: None connects to AWS."""
    tables = tables or dynamodb.connect()
    return Linker(Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)), AuditTrail(settings.AUDIT_TABLE))
