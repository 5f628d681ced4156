"""The queue's door for usage: messages of the usage queue and of the waiting queue, both into the same recording."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from marketplace import dimensions
from runtime import aws, clock, telemetry
from runtime.failure import described
from runtime.metric_names import UsageMetric
from runtime.queued import Message, each_message
from runtime.settings import UsageQueueSettings
from usage.count_verdicts import count_verdicts
from usage.drain_queue import Drain, Drained, Outbox
from usage.report_usage import Answer
from usage.reporters import Reporters
from usage.reporters import from_json as reporters_from_json
from usage.stores import Stores

logger = telemetry.logger("usage")
metrics = telemetry.metrics("usage")


@cache
def settings() -> UsageQueueSettings:
    return UsageQueueSettings.from_env()


@cache
def drain() -> Drain:
    """What the function works with, made from its environment once."""
    names = settings()
    sqs = aws.client("sqs")
    return Drain(
        dimensions=dimensions.from_json(names.DIMENSIONS),
        reporters=Reporters(reporters_from_json(names.REPORTERS)),
        stores=Stores.connect(names),
        clock=clock.now,
        tell=_tell_verdicts,
        waiting=Outbox(sqs, names.WAITING_USAGE_QUEUE_URL),
        refused=Outbox(sqs, names.REFUSED_USAGE_QUEUE_URL),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of either queue; messages that failed are named and come again, then go to the dead letters.

    A failure stops its message group and no other: a batch of a FIFO queue holds several customers' messages, and one
    of them must not hold up the rest. Messages of the waiting queue have no group and fail by themselves.
    """
    return each_message(event, _message)


def _message(message: Message) -> None:
    try:
        has_waited = _queue_name(message.queue_arn, ":") == _queue_name(settings().WAITING_USAGE_QUEUE_URL, "/")
        drained = drain().take(message.body, message_id=message.id, sender=message.sender, has_waited=has_waited)
    except Exception as error:
        logger.error("queued usage failed", extra={"messageId": message.id, **described(error)})
        raise
    _tell_sent_on(message.id, drained)


def _queue_name(address: str, separator: str) -> str:
    """The last part of a queue's ARN or URL."""
    return address.rsplit(separator, 1)[-1]


def _tell_verdicts(answers: Sequence[Answer]) -> None:
    count_verdicts(answers, metrics, logger)
    recorded = sum(1 for _, verdict in answers if verdict.verdict == "recorded")
    if recorded:
        metrics.add_metric(UsageMetric.QUEUED_EVENTS_RECORDED, MetricUnit.Count, recorded)


def _tell_sent_on(message_id: str, drained: Drained) -> None:
    counts = {
        UsageMetric.REQUESTS_REFUSED: 1 if drained.fault else 0,
        UsageMetric.QUEUED_EVENTS_REFUSED: drained.refused,
        UsageMetric.QUEUED_EVENTS_WAITING: drained.waiting,
        UsageMetric.QUEUED_EVENTS_GAVE_UP: drained.gave_up,
    }
    for metric, number in counts.items():
        if number:
            metrics.add_metric(metric, MetricUnit.Count, number)
    sent_on = {"refused": drained.refused, "waiting": drained.waiting, "gaveUp": drained.gave_up}
    logger.info("queued usage", extra={"messageId": message_id, **sent_on, "fault": drained.fault})
