"""Levels over all engines."""

from dataclasses import replace
from typing import Any

from runtime.metric_names import YawlMetric
from tests.unit.yawl.reconcile.cases import ENGINE, NOW
from yawl.reconcile.levels import Seen, levels

NOW_MS = int(NOW * 1000)
QUIET = ENGINE.silence_minutes * 60_000


def seen(engine_id: str = "eng", mode: Any = "log", **values: Any) -> Seen:
    engine = replace(ENGINE, id=engine_id, mode=mode)
    return Seen(engine=engine, **{"watched_ms": NOW_MS, "polled_ms": NOW_MS, "announced_ms": NOW_MS, **values})


def level(metric: YawlMetric, *engines: Seen) -> float:
    return levels(engines, NOW_MS)[metric]


def test_without_engines_all_is_well() -> None:
    assert set(levels([], NOW_MS).values()) == {0}


def test_an_engine_is_silent_after_its_minutes() -> None:
    engines = [seen("a", polled_ms=NOW_MS - QUIET), seen("b", polled_ms=NOW_MS - QUIET - 1000)]
    assert level(YawlMetric.ENGINES_WITHOUT_POLL, *engines) == 1
    assert level(YawlMetric.OLDEST_GOOD_POLL_AGE, *engines) == QUIET / 1000 + 1


def test_an_engine_that_was_never_read_is_silent_since_it_is_watched() -> None:
    assert level(YawlMetric.ENGINES_WITHOUT_POLL, seen(polled_ms=None, watched_ms=NOW_MS - QUIET)) == 0
    assert level(YawlMetric.ENGINES_WITHOUT_POLL, seen(polled_ms=None, watched_ms=NOW_MS - QUIET - 1)) == 1


def test_announcements_are_missed_where_they_bill() -> None:
    old = NOW_MS - QUIET - 1
    assert level(YawlMetric.ENGINES_WITHOUT_ANNOUNCEMENT, seen(announced_ms=old)) == 0
    assert level(YawlMetric.ENGINES_WITHOUT_ANNOUNCEMENT, seen(mode="push-only", announced_ms=old)) == 1


def test_faults_and_unsent_usage_are_shown() -> None:
    engines = [seen("a", has_fault=True), seen("b", unsent_ms=NOW_MS - 5000), seen("c", unsent_ms=NOW_MS - 7000)]
    assert level(YawlMetric.ENGINE_FAULTS, *engines) == 1
    assert level(YawlMetric.OLDEST_UNSENT_AGE, *engines) == 7
