"""When a composite alarm goes off, and when it performs its actions.

CloudWatch User Guide, "Create a composite alarm" (the rule) and "Suppressing composite alarm actions" (the wait and
the extension); PutCompositeAlarm, ``AlarmRule``.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from local.alarm_judge.alarms import Alarm
from local.alarm_judge.metric_alarm import Change, NotJudged, State

States = Mapping[str, State]
Rule = Callable[[States], bool]
WORD = re.compile(r'\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\("([^"]+)"\)|(AND|OR|NOT|TRUE|FALSE|\(|\)))')


def changes(alarm: Alarm, members: Mapping[str, Sequence[Change]], minutes: range) -> list[Change]:
    """The composite alarm's states. members: of every alarm in its rule, by logical id. Raises NotJudged."""
    rule = rule_of(alarm.rule)
    moments = sorted({change.minute for name in alarm.members for change in members[name]} | {minutes.start})
    found: list[Change] = []
    for now in moments:
        state: State = "ALARM" if rule({name: state_at(members[name], now) for name in alarm.members}) else "OK"
        if not found or found[-1].state != state:
            found.append(Change(now, state))
    return found


def rule_of(parts: Sequence[Any]) -> Rule:
    """A rule as a function of the states by logical id. parts: text and references by turns. Raises NotJudged."""
    text = "".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in parts)
    words = list(_words(text))
    rule = _either(words)
    if words:
        raise NotJudged(f"this rule goes on after its end: {text}")
    return rule


def state_at(found: Sequence[Change], minute: int) -> State:
    """The state in a minute."""
    number = bisect_right(found, (minute, "~"))
    return found[number - 1].state if number else "INSUFFICIENT_DATA"


def alarm_spans(found: Sequence[Change], end: int) -> list[tuple[int, int]]:
    """From when until when an alarm was up; ``end`` is when the recording ends."""
    ends = [change.minute for change in found[1:]] + [end]
    return [(change.minute, until) for change, until in zip(found, ends, strict=True) if change.state == "ALARM"]


def performed(
    up: Sequence[tuple[int, int]], suppressed: Sequence[tuple[int, int]], *, wait: int, extension: int
) -> list[int]:
    """The minutes in which a composite alarm performs its alarm actions: once for each time that it is up, if it is
    up for long enough.

    up, suppressed: when it and its suppressor are up. While it waits, and after the suppressor is over, it does
    nothing; a suppressor that goes off meanwhile keeps it silent.
    """
    found = []
    for begins, ends in up:
        ready = begins + wait
        for first, last in suppressed:
            if first <= ready and last + extension > begins:
                ready = max(ready, last + extension)
        if ready < ends:
            found.append(ready)
    return found


def _words(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text.rstrip()):
        found = WORD.match(text, position)
        if not found:
            raise NotJudged(f"this rule is not understood: {text[position:]}")
        position = found.end()
        yield (found[1], found[2]) if found[1] else (found[3], "")


def _either(words: list[tuple[str, str]]) -> Rule:
    parts = [_both(words)]
    while words and words[0][0] == "OR":
        words.pop(0)
        parts.append(_both(words))
    return lambda states: any(part(states) for part in parts)


def _both(words: list[tuple[str, str]]) -> Rule:
    parts = [_one(words)]
    while words and words[0][0] == "AND":
        words.pop(0)
        parts.append(_one(words))
    return lambda states: all(part(states) for part in parts)


def _one(words: list[tuple[str, str]]) -> Rule:
    if not words:
        raise NotJudged("this rule ends too early")
    word, name = words.pop(0)
    if word == "NOT":
        inner = _one(words)
        return lambda states: not inner(states)
    if word == "(":
        inner = _either(words)
        if not words or words.pop(0)[0] != ")":
            raise NotJudged("a bracket of this rule stays open")
        return inner
    if word in ("TRUE", "FALSE"):
        return lambda _: word == "TRUE"
    return lambda states: states[name] == word
