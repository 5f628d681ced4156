"""``ops restore-changes``: brings tables that were restored from a backup up by the archive's changes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from archive.kept import ARCHIVED
from ledger.pauses import STAGE, Pauses
from ledger.reading import many
from ledger.tables import STATE, SUBSCRIBERS, Table
from ledger.transaction import MAX_OPERATIONS, Cancelled, Contended, Operation, write
from marketplace.metering_calls import KEPT_DAYS
from ops.answer import words
from ops.archive.bucket import archive_of
from ops.change import STAGE_SUBJECT, Change, note_outcome, write_entry
from ops.refused import Refused
from ops.restore.archived_changes import ArchivedChanges, object_keys
from ops.restore.catch_up_rules import CatchUp, Item, ItemKey, catch_up
from ops.stage import OpenStage
from runtime.clock import from_iso, iso

#: Items of a transaction: one has at most 4 MB, and an item of the split by tags up to 350 KB.
AT_ONCE = 10
#: DynamoDB calls the time of a change approximate, and Lambda's copies of it are cut to seconds.
MARGIN = 60
DAY = 86_400
TABLES: Mapping[str, Table] = {kept.table.name: kept.table for kept in ARCHIVED}


class TooManyHours(Exception):
    """More hours of a customer have changed than one transaction takes."""


@dataclass(frozen=True, kw_only=True)
class CatchingUp:
    """Takes over archived changes, customer by customer. name: of a table in the stage. restored: the latest moment to
    which a table was restored."""

    dynamodb: Any
    name: Callable[[Table], str]
    restored: float

    def plan(self, changes: ArchivedChanges, customer: str, first: float, last: float) -> CatchUp:
        """What one customer (or subject of the audit trail) takes over."""
        found = changes.of(customer, first, last)
        keys = dict.fromkeys(ItemKey.of(each) for each in found)
        return catch_up(found, self._stored(keys), self.restored)

    def _stored(self, keys: Iterable[ItemKey]) -> dict[ItemKey, Item]:
        by_table: dict[str, list[dict[str, Any]]] = {}
        for key in keys:
            by_table.setdefault(key.table_name, []).append(dict(key.keys))
        found: dict[ItemKey, Item] = {}
        for table_name, wanted in by_table.items():
            names = sorted(wanted[0])
            for item in many(self.dynamodb, self.name(TABLES[table_name]), wanted):
                found[ItemKey(table_name, tuple((name, item[name]) for name in names))] = item
        return found

    def carry_out(self, planned: CatchUp) -> None:
        """Hours and balance first, in one transaction, then what they were made of. It may break off between, and be
        repeated.

        Raises TooManyHours, and ledger.transaction's Cancelled and Contended.
        """
        if len(planned.ledger) > MAX_OPERATIONS:
            raise TooManyHours
        stored = self._stored((*planned.ledger, *planned.rest))
        client = self.dynamodb.meta.client
        if planned.ledger:
            write(client, [self._put(key, item, stored.get(key)) for key, item in planned.ledger.items()])
        rest = [self._put(key, item, stored.get(key)) for key, item in planned.rest.items()]
        for number in range(0, len(rest), AT_ONCE):
            write(client, rest[number : number + AT_ONCE])

    def _put(self, key: ItemKey, item: Item, stored: Item | None) -> Operation:
        """Puts an item on condition that it is as it was read: that it is absent, or has its version."""
        put: dict[str, Any] = {"TableName": self.name(TABLES[key.table_name]), "Item": dict(item)}
        if stored is None:
            put["ConditionExpression"] = "attribute_not_exists(#key)"
            put["ExpressionAttributeNames"] = {"#key": key.keys[0][0]}
        elif "version" in stored:
            put["ConditionExpression"] = "#version = :version"
            put["ExpressionAttributeNames"] = {"#version": "version"}
            put["ExpressionAttributeValues"] = {":version": stored["version"]}
        return {"Put": put}


Since = Annotated[str, typer.Option(help="the earliest moment to which a table was restored, 2026-11-15T15:20:00Z")]
Until = Annotated[str, typer.Option(help="the latest such moment, where the tables have several")]
Before = Annotated[str, typer.Option(help="the moment of the damage: later changes are not taken")]


def restore_changes(stage: OpenStage, since: Since, before: Before, until: Until = "") -> Change:
    """Bring restored tables up by the archive: to what they were before the damage, as far as the archive has it.

    Only newer states are taken, and of a customer only what adds up. The whole stage must be paused, and no function
    may record, seal or send meanwhile (docs/runbooks/restore.md). Fence afterwards. It writes all tables, which no
    operator's role may: use an administrator's credentials.
    """
    first, restored, last = _moment(since), _moment(until or since), _moment(before)
    if not first <= restored <= last <= stage.now() or stage.now() - first > KEPT_DAYS * DAY:
        raise Refused(f"--since, --until and --before are moments of the past {KEPT_DAYS} days, in this order")
    if STAGE not in Pauses(stage.table(STATE)).read().pauses:
        raise Refused("the whole stage must be paused, so that nothing is sent meanwhile: ops pause")
    catching_up = CatchingUp(dynamodb=stage.dynamodb, name=stage.table_name, restored=restored)
    objects = archive_of(stage)

    def plans() -> Iterator[tuple[str, CatchUp]]:
        with TemporaryDirectory() as place:
            changes = ArchivedChanges(Path(place))
            for table_name, key in stage.watch(object_keys(objects, first - MARGIN, last), "objects"):
                changes.add(table_name, objects.lines(key))
            for customer in stage.watch(changes.customers(), "customers"):
                yield customer, catching_up.plan(changes, customer, first - MARGIN, last)

    def do(entry: Operation) -> Sequence[str]:
        write_entry(stage, entry)
        done = Told()
        try:
            for customer, planned in plans():
                try:
                    catching_up.carry_out(planned)
                except TooManyHours:
                    done.left.append(f"{customer}: more than {MAX_OPERATIONS} hours have changed")
                except (Cancelled, Contended):
                    done.left.append(f"{customer}: it has changed since it was read; run the same command again")
                else:
                    done.note(customer, planned)
        finally:
            note_outcome(stage, entry, {"customers": done.customers, "items": done.items, "left": len(done.left)})
        return [*done.said(), f"the ledger is that of {iso(last)}, as far as said: --caught-up {iso(last)}"]

    shown = Told()
    for customer, planned in plans():
        shown.note(customer, planned)
    return Change(
        subject=STAGE_SUBJECT,
        target="#stage",
        change={"since": iso(first), "until": iso(restored), "before": iso(last)},
        shown=[words(*shown.said())],
        do=do,
        next=[f"ops restore-fence --since {iso(first)} --caught-up {iso(last)}"],
    )


class Told:
    """What was taken over, and what was not."""

    def __init__(self) -> None:
        self.customers = self.items = 0
        self.left: list[str] = []
        self._without_contact: list[str] = []

    def note(self, customer: str, planned: CatchUp) -> None:
        """Count one customer."""
        number = len(planned.ledger) + len(planned.rest)
        self.items += number
        self.customers += bool(number)
        if planned.left:
            known = f"up to {planned.until}" if planned.until else "as it was restored"
            self.left.append(
                f"{customer}: {known}; {planned.left} later changes do not add up, or are archived in part"
            )
        if planned.overtaken:
            self.left.append(f"{customer}: a notice has changed the subscriber since the restore; it stays as it is")
        for key, item in planned.rest.items():
            if key.table_name == SUBSCRIBERS.name and not {"email", "company", "name"} & set(item):
                self._without_contact.append(customer)

    def said(self) -> list[str]:
        """Sentences for people."""
        contact = [f"{customer}: the archive has no contact data of it" for customer in self._without_contact]
        return [f"{self.items} items of {self.customers} customers are newer in the archive", *self.left, *contact]


def _moment(written: str) -> float:
    try:
        return from_iso(written)
    except ValueError:
        raise Refused(f"{written[:40]!r} is no moment: write it as 2026-11-15T15:20:00Z") from None
