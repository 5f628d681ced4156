"""Function ``reconcile-engine``: reads one engine, by schedule and when the engine has announced its start.

No line of the log names a case, a participant or a secret.
"""

from functools import cache
from time import sleep
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from runtime import telemetry
from runtime.failure import described
from runtime.metric_names import YawlMetric
from runtime.settings import ReconcileEngineSettings
from yawl.reconcile.assembly import Parts

logger = telemetry.logger("yawl")
metrics = telemetry.metrics("yawl")
#: Seconds that are left for the last chunk, when no other one is begun.
MARGIN = 40
#: Seconds for which an invocation may ask to be left waiting: the function has five minutes.
LONGEST_WAIT = 30


@cache
def parts() -> Parts:
    """What readings need, made from the function's environment once."""
    return Parts(ReconcileEngineSettings.from_env())


def count(metric: YawlMetric, number: int) -> None:
    """Add a number to a metric of this invocation."""
    metrics.add_metric(metric, MetricUnit.Count, number)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """``{"engine": id, "afterSeconds"?}`` → ``{"starts", "unattributed", "users", "good"}``.

    afterSeconds: for which it waits first, so that an engine that has just started takes requests.
    An engine that cannot be read is counted and logged; the next reading tries again. Raises the errors of tables,
    parameters and secrets, upon which Lambda calls again.
    """
    sleep(min(LONGEST_WAIT, event.get("afterSeconds", 0)))
    engine = parts().engines.get(str(event.get("engine")))
    if engine is None:
        logger.error("no such engine", engine=str(event.get("engine"))[:32])
        return {"starts": 0, "unattributed": 0, "users": 0, "good": False}
    poll = parts().poll(
        engine,
        count=count,
        note=logger.warning,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN,
    )
    polled = poll.run()
    for problem in polled.problems:
        # A problem's own text may quote what a service answered; an EngineLogError's does not quote secrets.
        logger.error("engine not read", engine=engine.id, **described(problem))
    result: dict[str, Any] = {
        "starts": polled.starts,
        "unattributed": polled.unattributed,
        "users": polled.users,
        "good": polled.is_good,
    }
    logger.info("engine read", engine=engine.id, fault=polled.fault, **result)
    return result
