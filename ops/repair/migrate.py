"""``ops migrate``: a buyer is billed under another key from an hour on (docs/migration.md)."""

from collections.abc import Sequence
from typing import Annotated

import typer

from buyer.migration import NotMigratable, Switch, back, taken_back, to_licence
from ledger import tables
from ledger.item_update import ItemUpdate
from ledger.subscriber import Subscriber
from ledger.tables import SCHEMA
from ledger.transaction import Operation
from marketplace.billing_identity import IdentityError, license_id
from ops.answer import words
from ops.change import Change
from ops.line_id import parse_customer, short_hour
from ops.refused import Refused
from ops.repair.once import write_once
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from runtime.clock import from_iso, iso

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="the key that bills now")]
To = Annotated[str, typer.Option("--to", help="the ARN of the buyer's licence, as ResolveCustomer gives it")]
At = Annotated[str, typer.Option("--at", help="the first hour of the other key: 2026-11-15T14:00Z")]
Back = Annotated[bool, typer.Option("--back", help="a licence's customer goes back to its CustomerIdentifier")]
Undo = Annotated[bool, typer.Option("--undo", help="take back a planned switch, 15 minutes before its hour at latest")]


def migrate(
    stage: OpenStage, customer: Customer, to: To = "", at: At = "", back: Back = False, undo: Undo = False
) -> Change:
    """Bill a customer under its licence from an hour on, or under its CustomerIdentifier again (docs/migration.md).

    It changes rows of subscribers, which no operator's role may: use an administrator's credentials.
    """
    key, now = parse_customer(customer), stage.now()
    if sum((bool(to), back, undo)) != 1 or bool(at) is undo:
        raise Refused("name one of --to ARN --at HOUR, --back --at HOUR, and --undo")
    old = read_subscriber(stage, key)
    try:
        switch, new = _planned(stage, old, to=to, at=0 if undo else _hour(at), undo=undo, now=now)
    except NotMigratable as why:
        raise Refused(f"{key}: {why} ({why.code})") from None
    assert old is not None
    _nothing_open(stage, switch)
    return _change(stage, switch, old, new, undo=undo)


def _planned(
    stage: OpenStage, old: Subscriber | None, *, to: str, at: int, undo: bool, now: float
) -> tuple[Switch, Subscriber | None]:
    """The switch, and the row of the new key as it is. Raises NotMigratable."""
    if undo:
        other = old.chain.succeeded_by if old is not None else None
        new = read_subscriber(stage, other) if other else None
        return taken_back(old, new, now=now), new
    if not to:
        previous = old.previous_identifier if old is not None else None
        new = read_subscriber(stage, previous) if previous else None
        return back(old, new, at=at, now=now), new
    try:
        new = read_subscriber(stage, license_id(to))
    except IdentityError as error:
        raise NotMigratable("licence_form", str(error)) from None
    has_contracts = stage.settings.has_contracts
    return to_licence(old, new, license_arn=to, at=at, now=now, has_contracts=has_contracts), new


def _nothing_open(stage: OpenStage, switch: Switch) -> None:
    """Raises Refused where an hour from the switch on is open under the old key, or any hour under the new one: it
    would be sent under both."""
    ahead, unreadable = stage.records.unsettled(switch.old_key, switch.at)
    theirs, others = stage.records.unsettled(switch.new_key, 0)
    for record in (*ahead, *theirs):
        hour = f"{record.customer_identifier}/{short_hour(record.hour)}"
        raise Refused(f"{hour} is not settled, and would be billed under another key: ops hour {hour}")
    if unreadable or others:
        raise Refused(f"hours of {switch.old_key} or {switch.new_key} cannot be read: ops customer {switch.old_key}")
    if stage.records.state(switch.new_key, switch.at) or stage.records.state(switch.old_key, switch.at):
        raise Refused(f"an hour {iso(switch.at)} exists already: name a later one")


def _change(stage: OpenStage, switch: Switch, old: Subscriber, new: Subscriber | None, *, undo: bool) -> Change:
    hour = iso(switch.at)
    what = (
        f"{switch.old_key} would go on billing, and {switch.new_key} would bill nothing."
        if undo
        else f"Hours before {hour} are billed under {switch.old_key}, hours from it on under {switch.new_key}."
    )

    def do(entry: Operation) -> Sequence[str]:
        now = stage.now()
        write_once(
            stage,
            [_write(stage, switch.old_key, old, switch, now), _write(stage, switch.new_key, new, switch, now)],
            entry,
        )
        if undo:
            return [f"The switch of {hour} is taken back: {switch.old_key} goes on."]
        return [f"It is planned: from {hour} on {switch.new_key} bills. Until then --undo takes it back."]

    return Change(
        subject=switch.old_key,
        target=f"{switch.old_key} -> {switch.new_key}",
        change={"from": switch.old_key, "to": switch.new_key, "at": hour, "undone": undo},
        shown=[words(what, "The app may name either key: usage is recorded under the one whose hour it is.")],
        do=do,
        next=[f"ops customer {switch.old_key}", f"ops customer {switch.new_key}"],
    )


def _write(stage: OpenStage, key: str, row: Subscriber | None, switch: Switch, now: float) -> Operation:
    change = switch.of_old if key == switch.old_key else switch.of_new
    write = ItemUpdate(stage.table_name(tables.SUBSCRIBERS), {"customerIdentifier": key})
    at = iso(int(now))
    version = row.version if row is not None else 0
    values = {**change.set, "schema": SCHEMA, "version": version + 1, "updatedAt": at}
    if row is None:
        write.when(write.absent("customerIdentifier"))
        values["createdAt"] = at
    else:
        write.when(write.exists("customerIdentifier"), write.unchanged(version))
    write.set(values)
    return write.remove(*sorted(change.remove - set(values))).operation()


def _hour(text: str) -> int:
    try:
        return int(from_iso(text))
    except ValueError:
        raise Refused(f"{text[:80]!r} is no hour: write it like 2026-11-15T14:00Z") from None
