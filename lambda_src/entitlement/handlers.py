"""The door of the room: Marketplace's notices from their queue."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from entitlement.receive_notice import EntitlementDesk, Outcome
from ledger import dynamodb
from ledger.allowed_buyers import AllowedBuyers
from ledger.entitlements import EntitlementSource, EntitlementSync
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace import tiers
from marketplace.client import MarketplaceClient
from marketplace.faults import ASSUME_ROLE, classify
from marketplace.notices import parse
from marketplace.regions import NOTICES_REGION
from marketplace.seller import Seller
from runtime import clock, telemetry
from runtime.failure import described
from runtime.metric_names import EntitlementMetric
from runtime.queued import Message, each_message
from runtime.settings import EntitlementNoticesSettings

logger = telemetry.logger("entitlement")
metrics = telemetry.metrics("entitlement")
_COUNTED: dict[Outcome, EntitlementMetric] = {
    "synced": EntitlementMetric.ENTITLEMENTS_SYNCED,
    "unknown": EntitlementMetric.NOTICES_UNKNOWN,
    "other_integration": EntitlementMetric.NOTICES_UNKNOWN,
    "unreadable": EntitlementMetric.NOTICES_UNREADABLE,
    "not_a_test_account": EntitlementMetric.NOTICES_KEPT_OUT,
    "account_unknown": EntitlementMetric.NOTICES_KEPT_OUT,
}


@cache
def source() -> EntitlementSource:
    """AWS Marketplace; entitlements are served in one Region only."""
    settings = EntitlementNoticesSettings.from_env()
    return MarketplaceClient.connect(NOTICES_REGION, seller=Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID))


@cache
def desk() -> EntitlementDesk:
    """What the function works with, made from its environment once."""
    settings = EntitlementNoticesSettings.from_env()
    tables = dynamodb.connect()
    subscribers = Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))
    order = tiers.from_json(settings.TIERS)
    return EntitlementDesk(
        sync=EntitlementSync(source=source(), subscribers=subscribers, product_code=settings.PRODUCT_CODE, tiers=order),
        subscribers=subscribers,
        notices=Notices(tables.Table(settings.NOTICES_TABLE)),
        product_code=settings.PRODUCT_CODE,
        integration=settings.INTEGRATION,
        pricing_model=settings.PRICING_MODEL,
        allowed=AllowedBuyers.from_setting(settings.NOTICES_OF),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle_notices(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of the notice queue; records that failed are named and come again, then go to the dead letters."""
    return each_message(event, _notice)


def _notice(message: Message) -> None:
    try:
        now = clock.now()
        notice = parse(message.body, message_id=message.id, sent_ms=message.sent_ms)
        received = desk().receive(notice, message.body, now)
    except Exception as error:
        logger.error("notice failed", extra={"messageId": message.id, **described(error)})
        if _is_product_fault(error):
            metrics.add_metric(EntitlementMetric.PRODUCT_FAULTS, MetricUnit.Count, 1)
        raise
    said = {"noticeId": notice.id, "action": notice.action, "source": notice.source, "at": clock.iso(notice.at)}
    logger.info("notice", extra=said | {"outcome": received.outcome, "why": received.why, "tiers": received.tiers})
    if received.outcome in _COUNTED:
        metrics.add_metric(_COUNTED[received.outcome], MetricUnit.Count, 1)
    if received.outcome == "wrong_product" and received.why is not None:
        metrics.add_metric(EntitlementMetric.PRODUCT_CODE_DOUBTED, MetricUnit.Count, 1)


def _is_product_fault(error: Exception) -> bool:
    """True if Marketplace, and not one of our tables, refuses whatever is asked of this product."""
    asked = isinstance(error, ClientError) and error.operation_name in ("GetEntitlements", ASSUME_ROLE)
    return asked and classify(error).scope == "product"
