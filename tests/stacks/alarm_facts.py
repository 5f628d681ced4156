"""Alarms of templates, as the tests ask for them."""

from local.alarm_judge import Alarm, read_alarms
from local.alarm_judge.alarms import owner as owner_of
from tests.synthesized import Assembly

__all__ = ["Alarm", "alarms", "named", "on", "owner", "speaker", "watched"]


def alarms(assembly: Assembly, *, stack: str = "Watch") -> dict[str, Alarm]:
    """All of a stack, metric alarms and composite ones, by logical id."""
    return read_alarms(assembly.templates, stack=stack)


def on(assembly: Assembly, metric: str) -> list[Alarm]:
    """The alarms that look at a metric of that name, alone or among others."""
    return [alarm for alarm in alarms(assembly).values() if any(m.name == metric for m in alarm.metrics)]


def named(assembly: Assembly, name: str) -> Alarm:
    (alarm,) = [alarm for alarm in alarms(assembly).values() if alarm.name == name]
    return alarm


def speaker(assembly: Assembly, alarm: Alarm) -> Alarm:
    """The alarm that calls: the alarm itself, or the composite alarm that it is a part of."""
    if alarm.severity != "Silent":
        return alarm
    spoken = [c for c in alarms(assembly).values() if c.composite and alarm.logical_id in c.members]
    (one,) = [composite for composite in spoken if composite.name != "StoreDown"] or spoken
    return one


def owner(assembly: Assembly, value: object) -> str:
    """The logical id behind a reference, to another stack's output too."""
    return owner_of(assembly.templates, value)


def watched(assembly: Assembly, metric: str, dimension: str) -> dict[str, Alarm]:
    """Logical ids of the resources whose metric has an alarm, each with the alarm."""
    return {
        found.dimensions[dimension]: alarm
        for alarm in on(assembly, metric)
        for found in alarm.metrics
        if found.name == metric
    }
