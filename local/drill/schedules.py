"""The stage's schedules, played by simulated time. EventBridge Scheduler would go by the machine's clock."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.cloud import WorkflowFailed
from local.stage import LocalStage

MINUTE, HOUR, DAY = 60, 3600, 86400
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
#: EventBridge Scheduler's cron: minutes, hours, day of month, month, day of week, year.
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")


@dataclass(frozen=True)
class Schedule:
    """A deployed schedule. target: the ARN that it calls; payload: JSON."""

    name: str
    expression: str
    target: str
    payload: str

    def due(self, after: float, until: float) -> Iterator[float]:
        """The moments after the first and up to the second one, in epoch seconds. Raises ValueError for a form that
        no schedule of the stage has had so far."""
        for minute in range(int(after // MINUTE) + 1, int(until // MINUTE) + 1):
            if self._calls_in(minute * MINUTE):
                yield float(minute * MINUTE)

    def _calls_in(self, moment: int) -> bool:
        if rate := _RATE.fullmatch(self.expression):
            length = int(rate[1]) * {"minute": MINUTE, "hour": HOUR, "day": DAY}[rate[2]]
            return moment % length == 0
        cron = _CRON.fullmatch(self.expression)
        if not cron or set(cron.groups()[3:]) - {"*", "?"}:
            raise ValueError(f"the schedule {self.name} has a form that is not played: {self.expression}")
        at = datetime.fromtimestamp(moment, UTC)
        return _matches(cron[1], at.minute) and _matches(cron[2], at.hour) and _matches(cron[3], at.day)


def _matches(field: str, value: int) -> bool:
    if field in ("*", "?"):
        return True
    first, _, step = field.partition("/")
    if step:
        return value >= int(first) and (value - int(first)) % int(step) == 0
    return any(_within(each, value) for each in field.split(","))


def _within(part: str, value: int) -> bool:
    first, _, last = part.partition("-")
    return int(first) <= value <= int(last or first)


class Schedules:
    """All schedules of the deployed stage. left_out: names (beginnings) of those that are not played."""

    def __init__(self, stage: LocalStage, left_out: tuple[str, ...] = ()) -> None:
        self._stage = stage
        self.all = [each for each in self._read() if not any(word in each.name for word in left_out)]

    def _read(self) -> Iterator[Schedule]:
        scheduler = self._stage.cloud.seller.client("scheduler")
        for listed in scheduler.list_schedules()["Schedules"]:
            found = scheduler.get_schedule(Name=listed["Name"], GroupName=listed["GroupName"])
            target: Any = found["Target"]
            yield Schedule(found["Name"], found["ScheduleExpression"], target["Arn"], target.get("Input", "{}"))

    def due(self, after: float, until: float) -> list[tuple[float, Schedule]]:
        """The calls of a time, in their order."""
        return sorted(
            ((at, each) for each in self.all for at in each.due(after, until)), key=lambda call: (call[0], call[1].name)
        )

    def call(self, schedule: Schedule) -> None:
        """Makes one call and waits for its end. What becomes of it is in the stage's logs and executions."""
        cloud = self._stage.cloud
        if ":states:" in schedule.target:
            try:
                cloud.run_workflow(schedule.target, json.loads(schedule.payload))
            except WorkflowFailed:
                return
        elif ":lambda:" in schedule.target and ":states" not in schedule.target:
            cloud.seller.client("lambda").invoke(FunctionName=schedule.target, Payload=schedule.payload.encode())
        else:
            raise ValueError(f"the schedule {schedule.name} calls {schedule.target}, which is not played")
