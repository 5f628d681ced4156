"""Function ``usage-queue``: messages of the usage queue, of the waiting queue and of the queue of engines' usage; all
are recorded alike."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from runtime import telemetry
from runtime.failure import described
from runtime.metric_names import UsageMetric
from runtime.queued import Message, each_message
from runtime.settings import UsageQueueSettings
from usage import assembly
from usage.count_verdicts import count_verdicts
from usage.drain_queue import Drain, Drained
from usage.report_usage import Answer
from usage.reporters import OWN_CONNECTOR

logger = telemetry.logger("usage")
metrics = telemetry.metrics("usage")


@cache
def settings() -> UsageQueueSettings:
    """The function's settings, read from its environment once."""
    return UsageQueueSettings.from_env()


@cache
def drain() -> Drain:
    """The recorder of queued usage, made from the function's environment once."""
    return assembly.drain(settings(), report=_count_answers)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of one queue; the answer names the messages that failed, which come again and then are dead letters.

    A failure stops its message group and no other: a batch of a FIFO queue holds several customers' messages, and one
    of them must not hold up the rest. Messages of the waiting queue have no group and fail by themselves.
    """
    return each_message(event, _take)


def _take(message: Message) -> None:
    try:
        has_waited = _queue_name(message.queue_arn, ":") == _queue_name(settings().WAITING_USAGE_QUEUE_URL, "/")
        with telemetry.of_trace(message.trace):
            drained = drain().take(message.body, message_id=message.id, sender=_sender(message), has_waited=has_waited)
    except Exception as error:
        logger.error("queued usage failed", messageId=message.id, **described(error))
        raise
    _count_drained(message, drained)


def _sender(message: Message) -> str | None:
    """Only the connector's functions may send to the engines' queue, so that its messages need no other proof."""
    engines = settings().ENGINE_USAGE_QUEUE_ARN
    return OWN_CONNECTOR if engines and message.queue_arn == engines else message.sender


def _queue_name(address: str, separator: str) -> str:
    """The last part of a queue's ARN or URL."""
    return address.rsplit(separator, 1)[-1]


def _count_answers(answers: Sequence[Answer]) -> None:
    count_verdicts(answers, metrics, logger)
    _count(UsageMetric.QUEUED_EVENTS_RECORDED, sum(1 for _, verdict in answers if verdict.verdict == "recorded"))


def _count_drained(message: Message, drained: Drained) -> None:
    _count(UsageMetric.REQUESTS_REFUSED, 1 if drained.fault else 0)
    _count(UsageMetric.QUEUED_EVENTS_REFUSED, drained.refused)
    _count(UsageMetric.QUEUED_EVENTS_WAITING, drained.waiting)
    _count(UsageMetric.QUEUED_EVENTS_GAVE_UP, drained.gave_up)
    logger.info(
        "queued usage",
        messageId=message.id,
        traceId=message.trace,
        refused=drained.refused,
        waiting=drained.waiting,
        gaveUp=drained.gave_up,
        fault=drained.fault,
    )


def _count(metric: UsageMetric, number: int) -> None:
    if number:
        metrics.add_metric(metric, MetricUnit.Count, number)
