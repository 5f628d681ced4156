"""Function ``subscription-notices``: Marketplace's notices about subscriptions and agreements, from their queue."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer.assembly import notices
from buyer.notices.receive import Outcome, Received, receive_all
from buyer.notices.subscription import SubscriptionReceiver
from marketplace.notice import Notice
from runtime import telemetry
from runtime.metric_names import SubscriptionMetric
from runtime.settings import SubscriptionNoticesSettings

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
def receiver() -> SubscriptionReceiver:
    """The receiver of the queue's notices, made from the function's environment once."""
    return notices.subscription_receiver(SubscriptionNoticesSettings.from_env())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of the queue; see ``receive_all``."""
    return receive_all(event, receiver(), logger=logger, metrics=metrics, counted=counted)


def counted(notice: Notice, received: Received) -> Iterator[SubscriptionMetric]:
    """The metrics that count a notice. A fact that waits is not counted: its licence, which comes next, repeats it."""
    if received.outcome in _COUNTED:
        yield _COUNTED[received.outcome]
    if received.outcome == "waiting" and notice.kind != "fact":
        yield SubscriptionMetric.NOTICES_WAITING
    if received.outcome == "wrong_product" and received.why is not None:
        yield SubscriptionMetric.PRODUCT_CODE_DOUBTED
    if notice.is_warning and received.outcome in ("applied", "unchanged", "waiting"):
        yield SubscriptionMetric.BUYER_WARNINGS
