"""All alarms of a stage at once: their states over time, and whom they call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from local.alarm_judge import composite_alarm, metric_alarm
from local.alarm_judge.alarms import Alarm
from local.alarm_judge.composite_alarm import alarm_spans, performed, state_at
from local.alarm_judge.metric_alarm import Change, State
from local.alarm_judge.recording import Recording


class Call(NamedTuple):
    """An alarm performed its alarm actions. severity: Page or Ticket."""

    minute: int
    alarm: str
    severity: str


@dataclass(frozen=True)
class Judgement:
    """states: each alarm's, by its name without hash. calls: in the order of their minutes."""

    states: Mapping[str, Sequence[Change]]
    calls: Sequence[Call]

    def at(self, minute: int) -> dict[str, State]:
        """Every alarm's state in a minute."""
        return {name: state_at(found, minute) for name, found in self.states.items()}

    def of(self, alarm: str) -> list[int]:
        """The minutes in which an alarm called."""
        return [call.minute for call in self.calls if call.alarm == alarm]


def judge(alarms: Iterable[Alarm], recording: Recording, minutes: range) -> Judgement:
    """Judge a stage's alarms, which are made in the first of the minutes.

    An alarm without actions calls nobody. Raises NotJudged for an alarm whose form is new.
    """
    every = list(alarms)
    found: dict[str, list[Change]] = {}
    for alarm in every:
        if not alarm.composite:
            found[alarm.logical_id] = metric_alarm.changes(alarm, recording, minutes)
    for alarm in _members_first(every):
        found[alarm.logical_id] = composite_alarm.changes(alarm, found, minutes)
    calls = [
        Call(minute, alarm.name, alarm.severity)
        for alarm in every
        if alarm.actions
        for minute in _calls(alarm, found, minutes.stop)
    ]
    return Judgement({alarm.name: found[alarm.logical_id] for alarm in every}, sorted(calls))


def _members_first(alarms: Iterable[Alarm]) -> list[Alarm]:
    """The composite alarms, each after those that it looks at."""
    waiting = {alarm.logical_id: alarm for alarm in alarms if alarm.composite}
    ordered: list[Alarm] = []
    while waiting:
        ready = [alarm for alarm in waiting.values() if not waiting.keys() & set(alarm.members)]
        if not ready:
            raise ValueError(f"these composite alarms look at each other: {', '.join(sorted(waiting))}")
        for alarm in ready:
            ordered.append(waiting.pop(alarm.logical_id))
    return ordered


def _calls(alarm: Alarm, found: Mapping[str, Sequence[Change]], end: int) -> list[int]:
    up = alarm_spans(found[alarm.logical_id], end)
    if alarm.suppressor is None:
        return [begins for begins, _ in up]
    return performed(
        up,
        alarm_spans(found[alarm.suppressor], end),
        wait=int(alarm.properties["ActionsSuppressorWaitPeriod"]) // 60,
        extension=int(alarm.properties["ActionsSuppressorExtensionPeriod"]) // 60,
    )
