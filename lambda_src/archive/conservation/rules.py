"""The sums that must hold for a customer and a day. Pure.

Each unit is recorded by an event, counted in an hour, and ends in the hour's line, in what the contract includes, or in
the balance, from which a later hour takes it: events = counters = included + lines x scale + what the balance gained
(design of sealing, ``metering.seal.seal_rules``; docs/protocol.md, "Sealing"). Lost units come back by being carried.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from archive.conservation.gathered import ZERO, Gathered, Record, Units
from marketplace.hour import SECONDS
from runtime.clock import iso

DAY = 24 * SECONDS


class Difference(NamedTuple):
    """A sum that does not hold. period: the hour, or the day, ISO. ours: what the hours or lines say; theirs: what it
    is compared with, in recorded units (``allocations``: billed units).

    kind: ``events`` (events and the hour's counter), ``tags`` (tagged events and the sets of tags), ``allocations`` (a
    line and its split), ``frozen`` (a sealed hour was changed: how many versions of it there were), ``balance`` and
    ``allowance`` (what sealing moved, and what the balance shows), ``carried`` (lost units that were carried, and where
    they arrived), ``unreadable`` (items that could not be read).
    """

    period: str
    dimension: str
    kind: str
    ours: Decimal
    theirs: Decimal


class Result(NamedTuple):
    """What the audit of one customer's day found. hours: sealed hours whose sums were compared. left_out: hours that
    are open still, or began before what was read."""

    differences: list[Difference]
    hours: int
    left_out: int


def audit(gathered: Gathered, begin: float, length: int = DAY) -> Result:
    """Compare one customer's sums of a time that begins at ``begin`` (epoch seconds) and has ``length`` seconds.

    Hours of that time are compared if they are sealed; what sealing moved, by the moment in which it did so.
    """
    time = range(int(begin), int(begin) + length)
    usage = _by_hour(gathered)
    used = {hour for hour, of_hour in usage.items() if any(of_hour.events.values())}
    hours = sorted(hour for hour in used | set(gathered.records) if hour in time)
    judged = [hour for hour in hours if _is_judged(gathered, hour)]
    found = [each for hour in judged for each in _hour(gathered, hour, usage.get(hour) or Usage())]
    found += _moved(gathered, time)
    if gathered.unreadable:
        found.append(Difference(iso(begin), "-", "unreadable", ZERO, Decimal(len(gathered.unreadable))))
    return Result(found, len(judged), len(hours) - len(judged))


def _is_judged(gathered: Gathered, hour: int) -> bool:
    """Whether an hour's sums are final and known: it is sealed, and was created in what was read; or events say that
    there was such an hour, and there is none."""
    record = gathered.records.get(hour)
    if record is None:
        return True
    return record.record.state == "sealed" and hour in gathered.whole


# --- an hour ----------------------------------------------------------------------------------------------------------


@dataclass
class Usage:
    """Sums of one hour, by dimension. events: counted by events. tagged: by those with tags. sets, split: of the hour's
    sets of tags, and of its lines' splits. arrived: units that lost lines of other hours have left here."""

    events: Units = field(default_factory=dict)
    tagged: Units = field(default_factory=dict)
    sets: Units = field(default_factory=dict)
    split: Units = field(default_factory=dict)
    arrived: Units = field(default_factory=dict)


def _by_hour(gathered: Gathered) -> dict[int, Usage]:
    found: dict[int, Usage] = defaultdict(Usage)
    for event in gathered.events.values():
        if event is not None:
            _add(found[event.hour].events, event.dimension, event.counted)
            if event.tagged:
                _add(found[event.hour].tagged, event.dimension, event.counted)
    for (hour, name, _), units in gathered.tags.items():
        _add(found[hour].sets, name, units)
    for (hour, name, _), units in gathered.allocations.items():
        _add(found[hour].split, name, units)
    for record in gathered.records.values():
        for name, units, to, _ in record.carried_away if record is not None else ():
            if to is not None:
                _add(found[to].arrived, name, units)
    return found


def _hour(gathered: Gathered, hour: int, usage: Usage) -> Iterator[Difference]:
    record = gathered.records.get(hour)
    counted = _by_dimension(record.record.counted) if record else {}
    carried = _by_dimension(record.carried) if record else {}
    for name, units in carried.items():
        _add(counted, name, -units)
    yield from _differ(hour, "events", counted, usage.events)
    yield from _differ(hour, "tags", usage.sets, usage.tagged)
    if record is None:
        return
    lines = {name: line.quantity for name, line in record.record.lines.items() if line.allocations.parts}
    yield from _differ(hour, "allocations", lines, usage.split)
    yield from _differ(hour, "carried", carried, usage.arrived)
    versions = len(gathered.frozen.get(hour, ()))
    if versions > 1:
        yield Difference(iso(hour), "-", "frozen", Decimal(versions), Decimal(1))


def _differ(at: float, kind: str, ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> Iterator[Difference]:
    for name in sorted({*ours, *theirs}):
        one, other = ours.get(name, ZERO), theirs.get(name, ZERO)
        if one != other:
            yield Difference(iso(at), name, kind, one, other)


def _by_dimension(units: Mapping[tuple[str, str], Decimal]) -> Units:
    return _sums((name, value) for (name, _period), value in units.items())


def _sums(units: Iterable[tuple[str, Decimal]]) -> Units:
    found: Units = {}
    for name, value in units:
        _add(found, name, value)
    return found


def _add(sums: Units, name: str, units: Decimal) -> None:
    sums[name] = sums.get(name, ZERO) + units


# --- what sealing moved into the balance, and out of it ---------------------------------------------------------------

#: Seconds by which the times of one transaction may differ.
APART = 15 * 60
#: A movement: when, and units by dimension.
Movement = tuple[float, Mapping[str, Decimal]]


def _moved(gathered: Gathered, time: range) -> Iterator[Difference]:
    seals = [(record.sealed_at, record) for record in gathered.records.values() if record and record.sealed_at]
    changes = gathered.balances.values()
    away = [
        (at, {name: units})
        for record in gathered.records.values()
        if record is not None
        for name, units, to, at in record.carried_away
        if to is None
    ]
    for kind, ours, theirs in (
        ("balance", [(at, gained_by(record)) for at, record in seals], [(each.at, each.remainder) for each in changes]),
        ("allowance", [(at, included_by(record)) for at, record in seals], [(each.at, each.used) for each in changes]),
        ("carried", away, [(each.at, each.carried) for each in changes]),
    ):
        yield from _differ(time.start, kind, *_unmatched(ours, theirs, time))


def gained_by(record: Record) -> Units:
    """What sealing the hour put into the balance, less what it took from it: counted units that are neither included
    nor in its lines."""
    sealed = record.record
    gained = _by_dimension(sealed.counted)
    for name, units in sealed.included.items():
        _add(gained, name, -units)
    for name, line in sealed.lines.items():
        _add(gained, name, -line.units)
    return {name: units for name, units in gained.items() if units}


def included_by(record: Record) -> Units:
    """What the contract covered of an hour when it was sealed, by dimension."""
    return {name: units for name, units in record.record.included.items() if units}


def _unmatched(ours: Sequence[Movement], theirs: Sequence[Movement], time: range) -> tuple[Units, Units]:
    """The sums of both sides in that time, without movements that the other side has, too.

    Both are noted by one transaction, but a moment apart: by the function's clock and by DynamoDB's. So equal movements
    are taken out first, also of the minutes before and after; else a seal around midnight would be on one day here and
    on another there.
    """
    return _rest(ours, _keys(theirs, time), time), _rest(theirs, _keys(ours, time), time)


def _rest(movements: Sequence[Movement], others: Counter[object], time: range) -> Units:
    rest: list[tuple[str, Decimal]] = []
    for at, units in movements:
        if int(at) in time:
            key = _key(units)
            if others[key]:
                others[key] -= 1
            else:
                rest += units.items()
    return _sums(rest)


def _keys(movements: Sequence[Movement], time: range) -> Counter[object]:
    around = range(time.start - APART, time.stop + APART)
    return Counter(_key(units) for at, units in movements if int(at) in around)


def _key(units: Mapping[str, Decimal]) -> object:
    return tuple(sorted(units.items()))
