"""Function ``look-after-engines``: levels for the alarms, and unattributed usage whose customer is named by now."""

from collections.abc import Sequence
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
from yawl.reconcile.assembly import Parts, databases_of
from yawl.reconcile.levels import Seen, levels
from yawl.state.dynamodb import DynamoDBState

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
    for metric, level in levels([_seen(engine, now_ms) for engine in engines], now_ms, _left(engines, now_ms)).items():
        metrics.add_metric(metric, MetricUnit.Seconds if metric in _SECONDS else MetricUnit.Count, level)
    outcomes = parts().late_attribution().look_through()
    result: dict[str, Any] = {"engines": len(engines), **outcomes}
    logger.info("engines looked after", **result)
    return result


def _left(engines: Sequence[Engine], now_ms: int) -> list[int]:
    """When the oldest messages were committed in databases that belong to no engine any more."""
    present = {database for engine in engines for database in databases_of(engine)}
    others = sorted(set(parts().databases()) - present)
    return [
        oldest for each in others if (oldest := _unsent(parts().state(each), each.split("#")[0], now_ms)) is not None
    ]


def _unsent(state: DynamoDBState, engine: str, now_ms: int) -> int | None:
    """When the oldest messages that are not sent were committed; those that were left behind are sent first."""
    oldest = state.oldest_unsent_ms()
    if oldest is not None and now_ms - oldest >= LEFT_BEHIND_MS:
        for error in outbox.send_all(state, parts().sender).errors:
            logger.error("usage not sent", engine=engine, **described(error))
        oldest = state.oldest_unsent_ms()
    return oldest


def _seen(engine: Engine, now_ms: int) -> Seen:
    """What is known of an engine; messages that were left behind are sent first."""
    states = parts().states(engine)
    state = states[0]
    unsent = [oldest for each in states if (oldest := _unsent(each, engine.id, now_ms)) is not None]
    health = state.health()
    return Seen(
        engine=engine,
        watched_ms=state.watched_since(now_ms),
        announced_ms=health.announced_ms,
        polled_ms=health.polled_ms,
        has_fault=state.fault() is not None,
        unsent_ms=min(unsent, default=None),
    )
