"""The door of the room: Marketplace's notices from their queue."""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from entitlement.receive_notice import EntitlementDesk, Outcome
from ledger.entitlements import EntitlementSource, EntitlementSync
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace import tiers
from marketplace.client import MarketplaceClient
from marketplace.notices import parse
from marketplace.regions import NOTICES_REGION
from runtime import clock, telemetry
from runtime.failure import described
from runtime.metric_names import EntitlementMetric
from runtime.settings import EntitlementNoticesSettings

logger = telemetry.logger("entitlement")
metrics = telemetry.metrics("entitlement")
_COUNTED = {
    "synced": EntitlementMetric.ENTITLEMENTS_SYNCED,
    "unknown": EntitlementMetric.NOTICES_UNKNOWN,
    "other_integration": EntitlementMetric.NOTICES_UNKNOWN,
}


@cache
def source() -> EntitlementSource:
    """AWS Marketplace; entitlements are served in one Region only."""
    return MarketplaceClient.connect(NOTICES_REGION)


@cache
def desk() -> EntitlementDesk:
    """What the function works with, made from its environment once."""
    settings = EntitlementNoticesSettings.from_env()
    tables = boto3.resource("dynamodb")
    subscribers = Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))
    order = tiers.from_json(settings.TIERS)
    return EntitlementDesk(
        sync=EntitlementSync(source=source(), subscribers=subscribers, product_code=settings.PRODUCT_CODE, tiers=order),
        subscribers=subscribers,
        notices=Notices(tables.Table(settings.NOTICES_TABLE)),
        product_code=settings.PRODUCT_CODE,
        integration=settings.INTEGRATION,
        pricing_model=settings.PRICING_MODEL,
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle_notices(event: dict[str, Any], context: LambdaContext) -> Any:
    """A batch of the notice queue; records that failed are named and come again, then go to the dead letters."""
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, _notice, processor, context)


def _notice(record: SQSRecord) -> Outcome:
    try:
        now = clock.now()
        notice = parse(record.body, message_id=record.message_id, sent_ms=int(record.attributes.sent_timestamp))
        outcome, held = desk().receive(notice, record.body, now)
    except Exception as error:
        logger.error("notice failed", extra={"messageId": record.message_id, **described(error)})
        raise
    said = {"noticeId": notice.id, "action": notice.action, "source": notice.source, "at": clock.iso(notice.at)}
    logger.info("notice", extra=said | {"outcome": outcome, "tiers": held})
    if outcome in _COUNTED:
        metrics.add_metric(_COUNTED[outcome], MetricUnit.Count, 1)
    return outcome
