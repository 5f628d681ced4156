"""Function ``read-access-log``: objects that a load balancer before an engine wrote, from the queue of their notices.

No line of the log holds a line of an object: its URLs hold sessions' handles, and its addresses people's.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from runtime import telemetry
from runtime.failure import described
from runtime.metric_names import YawlMetric
from runtime.queued import Message, each_message
from runtime.settings import ReadAccessLogSettings
from yawl.access_logs import assembly
from yawl.access_logs.count_object import AccessLogs, Counted
from yawl.access_logs.notice import UnreadableAccessLog

logger = telemetry.logger("yawl")
metrics = telemetry.metrics("yawl")


@cache
def access_logs() -> AccessLogs:
    """The counter of objects, made from the function's environment once."""
    return assembly.access_logs(ReadAccessLogSettings.from_env())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of the queue; the answer names the notices that failed, which come again and then are dead letters."""
    return each_message(event, _take)


def _take(message: Message) -> None:
    try:
        counted = access_logs().count(message.body)
    except UnreadableAccessLog as error:
        # Its message is ours, and holds nothing of the object's lines.
        logger.error("access log not read", messageId=message.id, reason=str(error), **described(error))
        _count(YawlMetric.ACCESS_LOGS_REFUSED)
        raise
    except Exception as error:
        logger.error("access log failed", messageId=message.id, **described(error))
        raise
    _report(message, counted)


def _report(message: Message, counted: Counted) -> None:
    read = counted.tally
    logger.info(
        "access log",
        messageId=message.id,
        bucket=counted.found.bucket,
        key=counted.found.key,
        engines=counted.engines,
        new=counted.new,
        traffic={name: traffic._asdict() for name, traffic in read.traffic.items()} if read else {},
        lines=read.lines if read else 0,
        unreadable=read.unreadable if read else 0,
        unmatched=read.unmatched if read else 0,
    )
    if read:
        _count(YawlMetric.ACCESS_LOGS_READ)
        if read.unreadable or read.unmatched:
            _count(YawlMetric.ACCESS_LOGS_REFUSED)


def _count(metric: YawlMetric) -> None:
    metrics.add_metric(metric, MetricUnit.Count, 1)
