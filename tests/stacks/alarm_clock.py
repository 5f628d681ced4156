"""When an alarm goes off, minute by minute: CloudWatch's evaluation of a metric alarm, as its User Guide describes it.

"Alarm evaluation window": the window slides. "Configuring how CloudWatch alarms treat missing data": more periods are
looked at than are evaluated; missing ones are left out while there are enough others, else they count as the alarm
says.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Literal

State = Literal["INSUFFICIENT_DATA", "OK", "ALARM"]
#: Minutes until CloudWatch shows a value.
LATE = 3
#: CloudWatch looks at more periods than it evaluates (the guide's example: five for three).
FURTHER = 2


def states(alarm: dict[str, Any], values: Sequence[tuple[int, float]], minutes: range) -> list[State]:
    """The alarm's state in each minute. values: each with its minute, in order; a datum that was counted once."""
    state: State = "INSUFFICIENT_DATA"
    found = []
    for now in minutes:
        state = _next(alarm, values, now, state)
        found.append(state)
    return found


def _next(alarm: dict[str, Any], values: Sequence[tuple[int, float]], now: int, before: State) -> State:
    evaluated = alarm["EvaluationPeriods"]
    to_alarm = alarm.get("DatapointsToAlarm", evaluated)
    points = [_point(alarm, values, now, number) for number in range(evaluated + FURTHER)]
    real = [point for point in points if point is not None][:evaluated]
    breaching = sum(_breaches(alarm, point) for point in real)
    missing = alarm["TreatMissingData"]
    if len(real) < evaluated:
        if missing == "breaching":
            breaching += evaluated - len(real)
        elif missing == "ignore" and breaching == len(real) < to_alarm:
            return before
        elif missing == "missing" and not real:
            return "INSUFFICIENT_DATA"
    return "ALARM" if breaching >= to_alarm else "OK"


def _point(alarm: dict[str, Any], values: Sequence[tuple[int, float]], now: int, number: int) -> float | None:
    length = alarm["Period"] // 60
    end = now - number * length
    first = bisect_right(values, (end - length, float("inf")))
    last = bisect_right(values, (min(end, now - LATE), float("inf")))
    some = [value for _, value in values[first:last]]
    if not some:
        return None
    return {"Sum": sum(some), "SampleCount": len(some), "Maximum": max(some), "Minimum": min(some)}[alarm["Statistic"]]


def _breaches(alarm: dict[str, Any], value: float) -> bool:
    if alarm["ComparisonOperator"] == "LessThanThreshold":
        return value < float(alarm["Threshold"])
    return value >= float(alarm["Threshold"])


def told(found: Sequence[State], minutes: range, *, wait: int) -> list[int]:
    """The minutes in which a composite alarm over this one performs its actions: it has been up for so many minutes."""
    up = [index for index, state in enumerate(found) if state == "ALARM"]
    begun = [index for index in up if index == 0 or found[index - 1] != "ALARM"]
    return [minutes[index + wait] for index in begun if found[index : index + wait + 1] == ["ALARM"] * (wait + 1)]
