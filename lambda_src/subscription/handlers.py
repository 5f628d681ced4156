"""The door of the room for Marketplace's notices, from their queue."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger import dynamodb
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace.notices import parse
from runtime import clock, telemetry
from runtime.failure import described
from runtime.metric_names import SubscriptionMetric
from runtime.queued import Message, each_message
from runtime.settings import SubscriptionNoticesSettings
from subscription.receive_notice import NoticeDesk, Outcome

logger = telemetry.logger("subscription")
metrics = telemetry.metrics("subscription")
_COUNTED = {
    "applied": SubscriptionMetric.NOTICES_APPLIED,
    "unchanged": SubscriptionMetric.NOTICES_APPLIED,
    "waiting": SubscriptionMetric.NOTICES_WAITING,
    "unknown": SubscriptionMetric.NOTICES_UNKNOWN,
    "other_integration": SubscriptionMetric.NOTICES_UNKNOWN,
}


@cache
def notice_desk() -> NoticeDesk:
    """What the notices function works with, made from its environment once."""
    settings = SubscriptionNoticesSettings.from_env()
    tables = dynamodb.connect()
    return NoticeDesk(
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        notices=Notices(tables.Table(settings.NOTICES_TABLE)),
        product_code=settings.PRODUCT_CODE,
        integration=settings.INTEGRATION,
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle_notices(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of the notice queue; records that failed are named and come again, then go to the dead letters."""
    return each_message(event, _notice)


def _notice(message: Message) -> Outcome:
    try:
        now = clock.now()
        notice = parse(message.body, message_id=message.id, sent_ms=message.sent_ms)
        outcome, statuses = notice_desk().receive(notice, message.body, now)
    except Exception as error:
        logger.error("notice failed", extra={"messageId": message.id, **described(error)})
        raise
    said = {"noticeId": notice.id, "action": notice.action, "source": notice.source, "at": clock.iso(notice.at)}
    logger.info("notice", extra=said | {"outcome": outcome, "statuses": statuses, "agreement": notice.agreement_id})
    if outcome == "wrong_product" and notice.source == "sns":
        # a topic is one product's: it is our product code that is wrong. EventBridge tells of all of a seller's
        metrics.add_metric(SubscriptionMetric.NOTICES_UNKNOWN, MetricUnit.Count, 1)
    if outcome in _COUNTED:
        metrics.add_metric(_COUNTED[outcome], MetricUnit.Count, 1)
    return outcome
