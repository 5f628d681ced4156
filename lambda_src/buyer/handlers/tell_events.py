"""Function ``tell-events``: from changes of subscribers (a queue) and of balances (a stream) to events for the app."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer.assembly import events as assembly
from buyer.events.event import Event
from buyer.events.tell import Teller
from ledger.subscriber_change import from_message
from runtime import telemetry
from runtime.failure import described
from runtime.metric_names import EventMetric
from runtime.queued import Message, each_change, each_message
from runtime.settings import TellEventsSettings

logger = telemetry.logger("events")
metrics = telemetry.metrics("events")


@cache
def teller() -> Teller:
    """The teller, made from the function's environment once."""
    return assembly.teller(TellEventsSettings.from_env())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of the queue or of the stream; the answer names what failed, which comes again."""
    if event["Records"][0]["eventSource"] == "aws:sqs":
        return each_message(event, _subscriber)
    return each_change(event, _balance)


def _subscriber(message: Message) -> None:
    _told(message.group, lambda: teller().subscriber_changed(from_message(message.body)))


def _balance(change: Mapping[str, Any]) -> None:
    if change.get("NewImage"):
        _told(change["Keys"]["customerIdentifier"]["S"], lambda: teller().balance_changed(change))


def _told(customer: str | None, tell: Callable[[], tuple[Event, ...]]) -> None:
    try:
        sent = tell()
    except Exception as error:
        logger.error("not told", customer=customer, **described(error))
        raise
    if sent:
        metrics.add_metric(EventMetric.EVENTS_TOLD, MetricUnit.Count, len(sent))
        logger.info("told", customer=customer, events=[each.id for each in sent])
