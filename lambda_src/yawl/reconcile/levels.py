"""How the stage's engines are: levels for alarms, over all engines. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from runtime.metric_names import YawlMetric
from yawl.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known of one engine, in milliseconds since the epoch.

    watched_ms: since when the stage has looked at it. has_fault: it needs a person. unsent_ms: when the oldest message
    that is not sent was committed; None where all are sent.
    """

    engine: Engine
    watched_ms: int
    announced_ms: int | None = None
    polled_ms: int | None = None
    has_fault: bool = False
    unsent_ms: int | None = None

    def silent_for(self, at_ms: int | None, now_ms: int) -> float:
        """Seconds since a moment, or since the stage looks at the engine, if there was none."""
        return max(0, now_ms - (self.watched_ms if at_ms is None else at_ms)) / 1000


def levels(engines: Iterable[Seen], now_ms: int, left_unsent: Iterable[int] = ()) -> dict[YawlMetric, float]:
    """Each level, also where it is 0, so that an alarm ends.

    left_unsent: as ``unsent_ms``, of databases whose engines the stage does not declare any more.
    """
    engines = list(engines)
    polls = {seen.engine.id: seen.silent_for(seen.polled_ms, now_ms) for seen in engines}
    announcements = {
        seen.engine.id: seen.silent_for(seen.announced_ms, now_ms)
        for seen in engines
        if seen.engine.mode == "push-only"
    }
    patience = {seen.engine.id: seen.engine.silence_minutes * 60.0 for seen in engines}
    unsent_ms = [*(seen.unsent_ms for seen in engines if seen.unsent_ms is not None), *left_unsent]
    unsent = ((now_ms - each) / 1000 for each in unsent_ms)
    return {
        YawlMetric.ENGINE_FAULTS: sum(seen.has_fault for seen in engines),
        YawlMetric.ENGINES_WITHOUT_POLL: _silent(polls, patience),
        YawlMetric.ENGINES_WITHOUT_ANNOUNCEMENT: _silent(announcements, patience),
        YawlMetric.OLDEST_GOOD_POLL_AGE: max(polls.values(), default=0),
        YawlMetric.OLDEST_UNSENT_AGE: max(unsent, default=0),
    }


def _silent(seconds: dict[str, float], patience: dict[str, float]) -> int:
    return sum(silent > patience[engine_id] for engine_id, silent in seconds.items())
