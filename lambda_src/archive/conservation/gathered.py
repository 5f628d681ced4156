"""What the archive says of one customer: the newest state of each item, and every change of its balance. Pure.

Changes may come in any order and more than once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from archive.change import Change
from ledger.balance import ENDED, MOVED_FROM, MOVED_TO, REMAINDER, USED, USED_MOVED_FROM, USED_MOVED_TO
from ledger.balance import ITEM as BALANCE
from ledger.metering_record import CARRIED, MeteringRecord, from_item
from ledger.tables import METERING_RECORDS, STATE, USAGE_EVENTS
from runtime.clock import from_iso

ZERO = Decimal(0)
#: Units by dimension.
Units = dict[str, Decimal]


class Event(NamedTuple):
    """A recorded event. counted: what it added to its hour; nothing where it was taken back."""

    hour: int
    dimension: str
    period: str
    counted: Decimal
    tagged: bool


class Record(NamedTuple):
    """An hour as it is now. carried: by (dimension, period). carried_away: units of its lines that were carried into
    another hour's counters (by that hour) or into the balance (None), with the moment, in epoch seconds."""

    record: MeteringRecord
    sealed_at: float | None
    carried: Mapping[tuple[str, str], Decimal]
    carried_away: tuple[tuple[str, Decimal, int | None, float], ...]


class Balance(NamedTuple):
    """A change of the balance. remainder: by how much it rose, by dimension, without what was carried into it or moved
    from another key of the buyer; what ended unbilled, or went to another key, still counts. used: the same of the
    allowance used. carried: what was carried into it."""

    at: float
    remainder: Mapping[str, Decimal]
    used: Mapping[str, Decimal]
    carried: Mapping[str, Decimal]


@dataclass
class Gathered:
    """One customer's items. A key with None was removed by a person.

    whole: hours whose record was created in the changes that were read, so that their events were, too. frozen: what
    each hour's lines were in every change since it was sealed. unreadable: keys of items that cannot be read.
    """

    events: dict[str, Event | None] = field(default_factory=dict)
    tags: dict[tuple[int, str, str], Decimal] = field(default_factory=dict)
    allocations: dict[tuple[int, str, str], Decimal] = field(default_factory=dict)
    records: dict[int, Record | None] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    frozen: dict[int, set[Any]] = field(default_factory=dict)
    balances: dict[str, Balance] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    _orders: dict[Any, tuple[str, int]] = field(default_factory=dict)

    def add(self, table_name: str, change: Change) -> None:
        """Note a change of one of the archived tables; other tables' are none of the audit's."""
        try:
            if table_name == USAGE_EVENTS.name:
                self._usage(change)
            elif table_name == METERING_RECORDS.name:
                self._record(change)
            elif table_name == STATE.name and change.keys["item"] == BALANCE:
                self._balance(change)
        except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError):
            self.unreadable.add(f"{table_name} {change.keys}")

    def _usage(self, change: Change) -> None:
        key = str(change.keys["eventId"])
        if not self._is_newer(key, change):
            return
        kind, _, rest = key.partition("#")
        item = change.new or {}
        if kind == "event":
            self.events[key] = event_of(item) if change.new else None
            return
        hour, dimension, last = rest.split("#", 2)
        if kind == "tags":
            self.tags[int(hour), dimension, last] = item.get("counted", ZERO)
        elif kind == "allocations":
            quantities = (part["quantity"] for part in item.get("allocations", ()))
            self.allocations[int(hour), dimension, last] = sum(quantities, ZERO)

    def _record(self, change: Change) -> None:
        hour = int(change.keys["timestamp"])
        if change.event_name in ("INSERT", "COPY"):
            self.whole.add(hour)
        if change.new is None:
            if self._is_newer(hour, change):
                self.records[hour] = None
            return
        record = from_item(change.new)
        if record.state == "sealed":
            self.frozen.setdefault(hour, set()).add(_frozen(record))
        if self._is_newer(hour, change):
            self.records[hour] = record_of(record, change.new)

    def _balance(self, change: Change) -> None:
        if change.event_name == "COPY":
            return
        old, new = change.old or {}, change.new or {}
        carried = risen(new, CARRIED, old)
        remainder = risen(new, REMAINDER, old)
        used = risen(new, USED, old)
        for sums, prefix, sign in (
            (remainder, ENDED, 1),
            (remainder, CARRIED, -1),
            (remainder, MOVED_TO, 1),
            (remainder, MOVED_FROM, -1),
            (used, USED_MOVED_TO, 1),
            (used, USED_MOVED_FROM, -1),
        ):
            for name, units in risen(new, prefix, old).items():
                sums[name] = sums.get(name, ZERO) + sign * units
        at = from_iso(change.changed_at)
        self.balances[change.event_id] = Balance(at, _without_zeros(remainder), _without_zeros(used), carried)

    def _is_newer(self, key: Any, change: Change) -> bool:
        if key in self._orders and self._orders[key] > change.order:
            return False
        self._orders[key] = change.order
        return True


def event_of(item: Mapping[str, Any]) -> Event:
    """The event of an item as it is stored."""
    content = item["content"]
    counted = ZERO if "voidedAt" in item else item["counted"]
    return Event(int(item["billedHour"]), content["dimension"], item["period"], counted, bool(content.get("tags")))


def record_of(record: MeteringRecord, item: Mapping[str, Any]) -> Record:
    """The hour of a record and of its item."""
    carried = {}
    for name, units in item.items():
        if name.startswith(CARRIED):
            dimension, period = name[len(CARRIED) :].rsplit("#", 1)
            carried[dimension, period] = units
    away = []
    for dimension, line in record.lines.items():
        if line.resolution == "carried":
            to = line.carried_to if record.before_allowance else None
            away.append((dimension, line.units, to, line.resolved_at or 0.0))
    sealed_at = from_iso(item["sealedAt"]) if "sealedAt" in item else None
    return Record(record, sealed_at, carried, tuple(away))


def _frozen(record: MeteringRecord) -> Any:
    """What never changes of a sealed record, in a form that can be compared."""
    lines = (
        (name, line.quantity, line.counted, line.scale, tuple(sorted(line.included.items())), line.deadline)
        for name, line in record.lines.items()
    )
    counted = tuple(sorted(record.counted.items()))
    return tuple(sorted(lines)), counted, tuple(sorted(record.identity.items())), record.sent_timestamp


def risen(new: Mapping[str, Any], prefix: str, old: Mapping[str, Any]) -> Units:
    """By how much the attributes with a prefix rose, by dimension, which is what follows up to the next ``#``."""
    found: Units = {}
    for item, sign in ((new, 1), (old, -1)):
        for name, units in item.items():
            if name.startswith(prefix):
                dimension = name[len(prefix) :].partition("#")[0]
                found[dimension] = found.get(dimension, ZERO) + sign * units
    return _without_zeros(found)


def _without_zeros(units: Units) -> Units:
    return {name: value for name, value in units.items() if value}
