"""The door of the room for Marketplace's notices, from their queue."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger import dynamodb
from ledger.allowed_buyers import AllowedBuyers
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace.notice import Notice
from marketplace.notices import parse
from runtime import clock, telemetry
from runtime.failure import described
from runtime.metric_names import SubscriptionMetric
from runtime.queued import Message, each_message
from runtime.settings import SubscriptionNoticesSettings
from subscription.receive_notice import NoticeDesk, Outcome, Received

logger = telemetry.logger("subscription")
metrics = telemetry.metrics("subscription")
_COUNTED: dict[Outcome, SubscriptionMetric] = {
    "applied": SubscriptionMetric.NOTICES_APPLIED,
    "unchanged": SubscriptionMetric.NOTICES_APPLIED,
    "unknown": SubscriptionMetric.NOTICES_UNKNOWN,
    "other_integration": SubscriptionMetric.NOTICES_UNKNOWN,
    "unreadable": SubscriptionMetric.NOTICES_UNREADABLE,
    "wrong_product": SubscriptionMetric.NOTICES_OF_ANOTHER_PRODUCT,
    "not_a_test_account": SubscriptionMetric.NOTICES_KEPT_OUT,
    "account_unknown": SubscriptionMetric.NOTICES_KEPT_OUT,
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
        received = notice_desk().receive(notice, message.body, now)
    except Exception as error:
        logger.error("notice failed", extra={"messageId": message.id, **described(error)})
        raise
    said = {"noticeId": notice.id, "action": notice.action, "source": notice.source, "at": clock.iso(notice.at)}
    outcome = {"outcome": received.outcome, "why": received.why, "statuses": received.statuses}
    logger.info("notice", extra=said | outcome | {"agreement": notice.agreement_id})
    for metric in counted(notice, received):
        metrics.add_metric(metric, MetricUnit.Count, 1)


def counted(notice: Notice, received: Received) -> Iterator[SubscriptionMetric]:
    """What a notice is counted as. A fact that waits misses nobody: its licence, which comes next, brings it again."""
    if received.outcome in _COUNTED:
        yield _COUNTED[received.outcome]
    if received.outcome == "waiting" and notice.kind != "fact":
        yield SubscriptionMetric.NOTICES_WAITING
    if received.outcome == "wrong_product" and received.why is not None:
        yield SubscriptionMetric.PRODUCT_CODE_DOUBTED
    if notice.is_warning and received.outcome in ("applied", "unchanged", "waiting"):
        yield SubscriptionMetric.BUYER_WARNINGS
