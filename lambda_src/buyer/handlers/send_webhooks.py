"""Function ``send-webhooks``: takes events from their FIFO queue and posts each to the app. No line of the log holds a
body, a signature or the URL."""

from functools import cache
from typing import Any, NamedTuple

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from buyer.signing_keys import SigningKeys
from buyer.webhook.deliver import Deliverer
from buyer.webhook.patience import wait_after
from buyer.webhook.post import Receiver, WebhookRefused, WebhookUnanswered
from runtime import aws, clock, telemetry
from runtime.failure import described
from runtime.metric_names import EventMetric
from runtime.queued import Message, each_message
from runtime.settings import SendWebhooksSettings

logger = telemetry.logger("events")
metrics = telemetry.metrics("events")


class Parts(NamedTuple):
    """What the function works with. queue: botocore's client of SQS."""

    deliverer: Deliverer
    queue: Any
    queue_url: str


@cache
def parts() -> Parts:
    """The parts, made from the function's environment once."""
    settings = SendWebhooksSettings.from_env()
    receiver = Receiver(settings.WEBHOOK_URL, public_only=settings.WEBHOOK_ADDRESSES != "any")
    keys = SigningKeys.connect(settings.WEBHOOK_SECRET_ARN)
    return Parts(Deliverer(receiver=receiver, secrets=keys.oldest_first), aws.client("sqs"), settings.WEBHOOK_QUEUE_URL)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of the queue; the answer names what was not delivered, which comes again after ``patience``."""
    return each_message(event, _deliver)


def _deliver(message: Message) -> None:
    try:
        event_id = parts().deliverer.deliver(message.body, clock.now())
    except Exception as error:
        _failed(message, error)
        raise
    metrics.add_metric(EventMetric.WEBHOOKS_DELIVERED, MetricUnit.Count, 1)
    logger.info("webhook delivered", customer=message.group, event=event_id, tries=message.receives)


def _failed(message: Message, error: Exception) -> None:
    wait = wait_after(message.receives)
    refused = isinstance(error, WebhookRefused)
    metrics.add_metric(
        EventMetric.WEBHOOKS_REFUSED if refused else EventMetric.WEBHOOKS_UNANSWERED, MetricUnit.Count, 1
    )
    # The text of these two names a status, or the class of an error.
    answer = str(error) if isinstance(error, WebhookRefused | WebhookUnanswered) else None
    logger.warning(
        "webhook not delivered",
        customer=message.group,
        answer=answer,
        tries=message.receives,
        nextTrySeconds=wait,
        **described(error),
    )
    try:
        parts().queue.change_message_visibility(
            QueueUrl=parts().queue_url, ReceiptHandle=message.receipt, VisibilityTimeout=wait
        )
    except (ClientError, BotoCoreError) as unchanged:
        # Then it comes again after the queue's own time.
        logger.warning("next try not set", customer=message.group, **described(unchanged))
