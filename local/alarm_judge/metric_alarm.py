"""When a metric alarm goes off: CloudWatch's evaluation, as its User Guide describes it.

"Alarm evaluation window": a sliding window advances each time that the alarm is evaluated, once a minute.
"Configuring how CloudWatch alarms treat missing data": CloudWatch looks at more periods than it evaluates. Missing
periods are left out while there are enough others; else they count as the alarm says.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from local.alarm_judge.alarms import Alarm, Metric
from local.alarm_judge.metric_math import UnknownMath, calculate
from local.alarm_judge.recording import Datum, Recording

STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "SampleCount": len,
    "Maximum": max,
    "Minimum": min,
}
State = Literal["INSUFFICIENT_DATA", "OK", "ALARM"]
#: CloudWatch looks at more periods than it evaluates (the guide's example: five for three).
FURTHER = 2
#: The form of Metrics Insights that the alarms use (User Guide, "Metrics Insights query components and syntax").
QUERY = re.compile(r'SELECT SUM\((\w+)\) FROM SCHEMA\("([\w/]+)", ([\w, ]+)\) WHERE (\w+) = \'([^\']+)\'')


class Change(NamedTuple):
    """From this minute on an alarm has this state."""

    minute: int
    state: State


class NotJudged(NotImplementedError):
    """An alarm uses an expression or a comparison that this judge does not know."""


def changes(alarm: Alarm, recording: Recording, minutes: range) -> list[Change]:
    """The alarm's states, beginning with the first minute, in which it is made.

    Raises NotJudged.
    """
    metrics = _read(alarm, recording)
    length, looked_at = alarm.period // 60, _looked_at(alarm)
    state: State = "INSUFFICIENT_DATA"
    found: list[Change] = []
    point = _points(alarm, metrics)
    for now in _moments(metrics, length, looked_at, minutes):
        points = [point(now - number * length, now) for number in range(looked_at)]
        state = state_of(alarm.properties, points, state)
        if not found or found[-1].state != state:
            found.append(Change(now, state))
    return found


def state_of(properties: Mapping[str, Any], points: Sequence[float | None], before: State) -> State:
    """The state that follows from the last periods' values, the newest first. before: the state until now.

    The guide's tables of examples are the source; ``tests/alarms/test_the_judge.py`` has them.
    """
    evaluated = int(properties["EvaluationPeriods"])
    to_alarm = int(properties.get("DatapointsToAlarm", evaluated))
    real = [(age, point) for age, point in enumerate(points, start=1) if point is not None][:evaluated]
    bad = [age for age, point in real if _breaches(properties, point)]
    breaching = len(bad)
    if len(real) < evaluated:
        missing = properties.get("TreatMissingData", "missing")
        all_bad = breaching == len(real)
        if missing == "breaching":
            breaching += evaluated - len(real)
        elif missing == "ignore" and all_bad and breaching < to_alarm:
            return before
        elif missing == "missing" and all_bad and breaching < to_alarm:
            # "Avoiding premature transitions to alarm state": the oldest bad value is as old as the alarm asks for.
            return "ALARM" if bad and bad[-1] >= to_alarm else "INSUFFICIENT_DATA"
    return "ALARM" if breaching >= to_alarm else "OK"


def _looked_at(alarm: Alarm) -> int:
    return int(alarm.properties["EvaluationPeriods"]) + FURTHER


def _read(alarm: Alarm, recording: Recording) -> list[tuple[str, list[Datum]]]:
    """The values that the alarm looks at, by metric, each with the metric's statistic."""
    if alarm.query:
        form = QUERY.fullmatch(alarm.query)
        if not form:
            raise NotJudged(f"{alarm.name}: {alarm.query}")
        name, namespace, keys, key, value = form.groups()
        return [("Sum", recording.across(namespace, name, keys.split(", "), {key: value}))]
    return [(metric.statistic, _of(recording, metric)) for metric in alarm.metrics]


def _of(recording: Recording, metric: Metric) -> list[Datum]:
    return recording.of(metric.namespace, metric.name, metric.dimensions)


def _moments(metrics: Sequence[tuple[str, list[Datum]]], length: int, looked_at: int, minutes: range) -> Iterable[int]:
    """The minutes in which a period's value may change; in the others the state stays."""
    found = {minutes.start}
    for minute, shown in {(minute, shown) for _, data in metrics for minute, _, shown in data}:
        leaves = range(minute + length, minute + length * looked_at + 1, length)
        found.update(moment for moment in (shown, *leaves) if moment >= shown)
    return sorted(moment for moment in found if moment in minutes)


def _points(alarm: Alarm, metrics: Sequence[tuple[str, list[Datum]]]) -> Callable[[int, int], float | None]:
    """A function of the end of a period and of now: the period's value, or None where it has none."""
    length, expression, ids = alarm.period // 60, alarm.expression, alarm.ids
    alone = alarm.query is not None or expression is None
    values = [_values(statistic, data, length) for statistic, data in metrics]
    if alone:
        return values[0]

    def calculated(end: int, now: int) -> float | None:
        by_id = dict(zip(ids, (value(end, now) for value in values), strict=True))
        try:
            return calculate(str(expression), by_id)
        except UnknownMath as unknown:
            raise NotJudged(f"{alarm.name}: {unknown}") from None

    return calculated


def _values(statistic: str, data: Sequence[Datum], length: int) -> Callable[[int, int], float | None]:
    """The same for one metric. A period whose values are all shown keeps its value, and is asked for again."""
    minutes = [minute for minute, _, _ in data]
    reckon = STATISTICS[statistic]
    settled: dict[int, float | None] = {}

    def value(end: int, now: int) -> float | None:
        if end in settled:
            return settled[end]
        period = data[bisect_right(minutes, end - length) : bisect_right(minutes, end)]
        some = [each for _, each, shown in period if shown <= now]
        found = reckon(some) if some else None
        if len(some) == len(period):
            settled[end] = found
        return found

    return value


def _breaches(properties: Mapping[str, Any], value: float) -> bool:
    threshold, comparison = float(properties["Threshold"]), properties["ComparisonOperator"]
    if comparison == "LessThanThreshold":
        return value < threshold
    if comparison == "GreaterThanOrEqualToThreshold":
        return value >= threshold
    raise NotJudged(comparison)
