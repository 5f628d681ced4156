"""Function ``look-after-engines``: levels for the alarms, and unattributed usage whose customer is named by now."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from runtime import clock, telemetry
from runtime.failure import described
from runtime.metric_names import YawlMetric
from runtime.settings import LookAfterEnginesSettings
from yawl.engine import Engine
from yawl.reconcile import outbox
from yawl.reconcile.assembly import Parts
from yawl.reconcile.levels import Seen, levels

logger = telemetry.logger("yawl")
metrics = telemetry.metrics("yawl")
_SECONDS = {YawlMetric.OLDEST_GOOD_POLL_AGE, YawlMetric.OLDEST_UNSENT_AGE}
#: Milliseconds after which messages that a reading has committed and not sent are sent from here.
LEFT_BEHIND_MS = 600_000


@cache
def parts() -> Parts:
    """What this function needs, made from its environment once."""
    return Parts(LookAfterEnginesSettings.from_env())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Anything → ``{"engines", "attributed", "waits", "unreadable"}``: numbers of engines and of messages.

    Raises the errors of tables, parameters and queues. The levels are reported before the queue is looked through, so
    that a fault of one does not hide the other.
    """
    engines = parts().engines.all()
    now_ms = int(clock.now() * 1000)
    for metric, level in levels([_seen(engine, now_ms) for engine in engines], now_ms).items():
        metrics.add_metric(metric, MetricUnit.Seconds if metric in _SECONDS else MetricUnit.Count, level)
    outcomes = parts().late_attribution().look_through()
    result: dict[str, Any] = {"engines": len(engines), **outcomes}
    logger.info("engines looked after", **result)
    return result


def _seen(engine: Engine, now_ms: int) -> Seen:
    """What is known of an engine; messages that were left behind are sent first."""
    states = parts().states(engine)
    state = states[0]
    unsent = []
    for each in states:
        oldest = each.oldest_unsent_ms()
        if oldest is not None and now_ms - oldest >= LEFT_BEHIND_MS:
            for error in outbox.send_all(each, parts().sender).errors:
                logger.error("usage not sent", engine=engine.id, **described(error))
            oldest = each.oldest_unsent_ms()
        if oldest is not None:
            unsent.append(oldest)
    health = state.health()
    return Seen(
        engine=engine,
        watched_ms=state.watched_since(now_ms),
        announced_ms=health.announced_ms,
        polled_ms=health.polled_ms,
        has_fault=state.fault() is not None,
        unsent_ms=min(unsent, default=None),
    )
