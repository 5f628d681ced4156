"""Function ``entitlement-notices``: Marketplace's notices about what a contract includes, from their queue."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from buyer.assembly import entitlements
from buyer.notices.entitlement import EntitlementReceiver
from buyer.notices.receive import Outcome, Received, receive_all
from marketplace.faults import ASSUME_ROLE, classify
from marketplace.notice import Notice
from runtime import telemetry
from runtime.metric_names import EntitlementMetric
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
def receiver() -> EntitlementReceiver:
    """The receiver of the queue's notices, made from the function's environment once."""
    return entitlements.entitlement_receiver(EntitlementNoticesSettings.from_env())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of the queue; see ``receive_all``."""
    return receive_all(event, receiver(), logger=logger, metrics=metrics, counted=counted, failed=failed)


def counted(_notice: Notice, received: Received) -> Iterator[EntitlementMetric]:
    """The metrics that count a notice."""
    if received.outcome in _COUNTED:
        yield _COUNTED[received.outcome]
    if received.outcome == "wrong_product" and received.why is not None:
        yield EntitlementMetric.PRODUCT_CODE_DOUBTED


def failed(error: Exception) -> Iterator[EntitlementMetric]:
    """A product fault if Marketplace, and not one of our tables, refuses every request about this product."""
    asked = isinstance(error, ClientError) and error.operation_name in ("GetEntitlements", ASSUME_ROLE)
    if asked and classify(error).scope == "product":
        yield EntitlementMetric.PRODUCT_FAULTS
