"""The proof of an alarm: people are called for its fault, in time, and not before."""

from local.alarm_judge.composite_alarm import state_at
from tests.alarms.faults import fault_of
from tests.alarms.life import Life

#: Minutes in which a page has to come after its fault shows.
IN_TIME = 10
AFTERWARDS = 180


def prove(life: Life, alarm: str, *, shows: int, begins: int = 0, limit: int = IN_TIME) -> None:
    """Fail unless the recorded fault calls people because of this alarm, within the minutes that ``faults`` names.

    shows: the minute in which the fault shows. begins: when the alarms are made. limit: for a page.
    """
    judgement = life.judged(range(begins, shows + AFTERWARDS))
    speaker = life.speaker(alarm)
    calls = judgement.of(speaker.name)
    assert calls, f"{alarm}: its fault calls nobody"
    assert calls[0] >= shows, f"{alarm}: called in minute {calls[0]}, before its fault shows in minute {shows}"
    assert state_at(judgement.states[alarm], calls[0]) == "ALARM", f"{speaker.name} called for another alarm"
    took = calls[0] - shows
    expected = fault_of(alarm).minutes
    assert took == expected, f"{alarm}: people are called after {took} minutes, not after {expected} (faults.py)"
    assert speaker.severity != "Page" or took <= limit, f"{alarm}: a page after {took} minutes is too late"
