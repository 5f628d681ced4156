"""Which archived states of a customer's items a restored ledger takes over. Pure.

An archived state replaces a stored one only if it is newer: versions and an hour's states never move back. The archive
may lack its last minutes, of one table more than of another, and a balance without the seal that changed it would bill
units twice. So a customer's changes are taken up to the newest second for which the sums of the conservation audit hold
between what is taken and what is stored:

- what hours count more is what their events count more,
- what hours that are now sealed put into the balance, or took from it, is by what the balance has changed,
- units of lost lines that are now carried have arrived.

Each holds for every transaction of the ledger, and for no part of one that changes units. The move of a balance to the
buyer's next key is the exception: it has another customer's half, so it holds for neither, and both stay as before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from archive.change import Change
from archive.conservation.gathered import event_of, record_of, risen
from archive.conservation.rules import gained_by, included_by
from ledger.balance import CARRIED as CARRIED_TO_BALANCE
from ledger.balance import ENDED, REMAINDER, USED
from ledger.balance import ITEM as BALANCE
from ledger.metering_record import CARRIED, COUNTED, from_item
from ledger.tables import METERING_RECORDS, PAUSED, STATE, SUBSCRIBERS, USAGE_EVENTS
from ops.restore.archived_changes import Archived
from runtime.clock import from_iso

Item = Mapping[str, Any]
#: Seconds before a customer's last change that are tried; where the sums hold nowhere, it stays as it was restored.
MOST_SECONDS = 900
STATES = ("open", "closing", "sealed")
#: Their states are taken up to one second.
SUMMED = frozenset({USAGE_EVENTS.name, METERING_RECORDS.name, STATE.name})


class ItemKey(NamedTuple):
    """An item, by the table's name without suffix and its keys, sorted by their names."""

    table_name: str
    keys: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, archived: Archived) -> "ItemKey":
        """The item that a change is of."""
        return cls(archived.table_name, tuple(sorted(archived.change.keys.items())))


@dataclass(frozen=True, kw_only=True)
class CatchUp:
    """What a customer takes over. ledger: hours and balance, which belong together. rest: all other items. until: the
    last second of the changes that are taken; None where none is. left: how many later changes are not. overtaken: the
    subscriber has changed since the restore, and stays as it is.
    """

    ledger: Mapping[ItemKey, Item]
    rest: Mapping[ItemKey, Item]
    until: str | None
    left: int
    overtaken: bool = False


def catch_up(changes: Sequence[Archived], stored: Mapping[ItemKey, Item], restored: float) -> CatchUp:
    """What is taken over of a customer's changes.

    changes: oldest first. stored: the items of these changes that the restored tables have. restored: the latest moment
    to which a table was restored; it decides where an item has no version.
    """
    summed = [each for each in changes if each.table_name in SUMMED]
    others = [each for each in changes if each.table_name not in SUMMED]
    seconds = sorted({each.change.changed_at for each in summed}, reverse=True)[:MOST_SECONDS]
    taken: dict[ItemKey, Item] = {}
    until = None
    for second in seconds:
        newest = _newest(each for each in summed if each.change.changed_at <= second)
        wanted = _newer(newest, stored, restored)
        if _sums_hold(newest, wanted, stored):
            taken, until = wanted, second
            break
    left = sum(until is None or each.change.changed_at > until for each in summed)
    newest = _newest(others)
    overtaken = {key for key, change in newest.items() if _is_overtaken(key, change, stored.get(key))}
    taken |= _newer({key: change for key, change in newest.items() if key not in overtaken}, stored, restored)
    ledger = {key: item for key, item in taken.items() if _is_ledger(key)}
    rest = {key: item for key, item in taken.items() if key not in ledger}
    return CatchUp(ledger=ledger, rest=rest, until=until, left=left, overtaken=bool(overtaken))


# --- newer ------------------------------------------------------------------------------------------------------------


def _newest(changes: Iterable[Archived]) -> dict[ItemKey, Change]:
    """The last change of each item, of changes in their order."""
    return {ItemKey.of(each): each.change for each in changes}


def _newer(newest: Mapping[ItemKey, Change], stored: Mapping[ItemKey, Item], restored: float) -> dict[ItemKey, Item]:
    """The items that are taken over. What a person has removed stays as it is stored: a removal may be the damage."""
    found: dict[ItemKey, Item] = {}
    for key, change in newest.items():
        if change.new is None:
            continue
        old = stored.get(key)
        item = _whole(key, change.new, old)
        if old is None or (item != old and _is_newer(key, item, old, from_iso(change.changed_at) >= restored)):
            found[key] = item
    return found


def _whole(key: ItemKey, item: Item, stored: Item | None) -> Item:
    """The item with what the archive leaves out of it (``archive.kept``), as it is stored."""
    if stored is None:
        return item
    if key.table_name == SUBSCRIBERS.name:
        contact = {name: stored[name] for name in ("email", "company", "name") if name in stored}
        return {**item, **contact}
    content, known = item.get("content"), stored.get("content") or {}
    if key.table_name == USAGE_EVENTS.name and content is not None and "userHash" in known:
        return {**item, "content": {**content, "userHash": known["userHash"]}}
    return item


def _is_newer(key: ItemKey, item: Item, stored: Item, after_restore: bool) -> bool:
    """Whether an archived state is newer than the stored one. after_restore: it was written after the restored moment,
    which decides between states of one version."""
    if key.keys[0] == ("customerIdentifier", PAUSED):
        return False
    ours, theirs = _versions(key, stored), _versions(key, item)
    if any(new < old for new, old in zip(theirs, ours, strict=True)):
        return False
    return theirs != ours or after_restore


def _is_overtaken(key: ItemKey, change: Change, stored: Item | None) -> bool:
    """Whether a subscriber was changed after its last archived change: by a notice that came since the restore."""
    if key.table_name != SUBSCRIBERS.name or stored is None or change.new is None:
        return False
    return _whole(key, change.new, stored) != stored and str(stored.get("updatedAt", "")) > change.changed_at


def _versions(key: ItemKey, item: Item) -> tuple[Any, ...]:
    """What only rises while an item lives."""
    if key.table_name == METERING_RECORDS.name:
        return STATES.index(item["state"]), item["version"], item.get("settleVersion", 0)
    if key.table_name == USAGE_EVENTS.name:
        return ("voidedAt" in item,)
    return (item.get("version", 0),)


def _is_ledger(key: ItemKey) -> bool:
    return key.table_name == METERING_RECORDS.name or (key.table_name == STATE.name and ("item", BALANCE) in key.keys)


# --- sums -------------------------------------------------------------------------------------------------------------


def _sums_hold(
    newest: Mapping[ItemKey, Change], wanted: Mapping[ItemKey, Item], stored: Mapping[ItemKey, Item]
) -> bool:
    try:
        return _counters_hold(newest, wanted, stored) and _balance_holds(wanted, stored)
    except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError):
        # An item that cannot be read is no proof of anything.
        return False


def _counters_hold(
    newest: Mapping[ItemKey, Change], wanted: Mapping[ItemKey, Item], stored: Mapping[ItemKey, Item]
) -> bool:
    """Whether the hours count more by what their events do. An hour that is stored as it was archived is left out: it
    counts those events already, be it that an earlier call of the command has broken off."""
    done = {
        int(dict(key.keys)["timestamp"])
        for key, change in newest.items()
        if key.table_name == METERING_RECORDS.name and change.new is not None and change.new == stored.get(key)
    }
    sums: defaultdict[tuple[int, str, str], Decimal] = defaultdict(Decimal)
    for key, item in wanted.items():
        old = stored.get(key)
        if key.table_name == METERING_RECORDS.name:
            for (dimension, period), units in _counted(item, old).items():
                sums[int(item["timestamp"]), dimension, period] += units
        elif key.table_name == USAGE_EVENTS.name and str(item["eventId"]).startswith("event#"):
            for one, sign in ((item, -1), (old, 1)):
                if one is not None:
                    event = event_of(one)
                    sums[event.hour, event.dimension, event.period] += sign * event.counted
    return not any(units for (hour, _, _), units in sums.items() if hour not in done)


def _counted(item: Item, old: Item | None) -> Mapping[tuple[str, str], Decimal]:
    """By how much an hour's counters rose, without what was carried into them."""
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one, of in ((item, 1), (old or {}, -1)):
        for prefix, sign in ((COUNTED, of), (CARRIED, -of)):
            for name, units in one.items():
                if name.startswith(prefix):
                    dimension, period = name[len(prefix) :].rsplit("#", 1)
                    found[dimension, period] += sign * units
    return found


def _balance_holds(wanted: Mapping[ItemKey, Item], stored: Mapping[ItemKey, Item]) -> bool:
    """Whether the balance changed by what seals and carried lines say, and carried units have arrived."""
    sealed: defaultdict[str, Decimal] = defaultdict(Decimal)
    included: defaultdict[str, Decimal] = defaultdict(Decimal)
    carried: defaultdict[tuple[str, bool], Decimal] = defaultdict(Decimal)

    def note(into: defaultdict[Any, Decimal], units: Mapping[str, Decimal], sign: int, *more: Any) -> None:
        for name, number in units.items():
            into[(name, *more) if more else name] += sign * number

    for key, item in wanted.items():
        old = stored.get(key, {})
        if key.table_name == METERING_RECORDS.name:
            hour = record_of(from_item(item), item)
            if item["state"] == "sealed" and old.get("state") != "sealed":
                note(sealed, gained_by(hour), 1)
                note(included, included_by(hour), 1)
            before = record_of(from_item(old), old).carried_away if old else ()
            for dimension, units, to, _ in set(hour.carried_away) - set(before):
                carried[dimension, to is None] += units
            note(carried, risen(item, CARRIED, old), -1, False)
        elif _is_ledger(key):
            note(sealed, risen(item, REMAINDER, old), -1)
            note(sealed, risen(item, ENDED, old), -1)
            note(sealed, risen(item, CARRIED_TO_BALANCE, old), 1)
            note(included, risen(item, USED, old), -1)
            note(carried, risen(item, CARRIED_TO_BALANCE, old), -1, True)
    return not any((*sealed.values(), *included.values(), *carried.values()))
