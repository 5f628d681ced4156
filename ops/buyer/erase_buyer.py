"""``ops erase-buyer``: erases the personal data of one buyer, and nothing that the ledger rests on."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from ledger import tables
from ledger.item_update import ItemUpdate
from ledger.transaction import Cancelled, Operation, write
from ops.answer import words
from ops.buyer.personal import CONTACT, decides_nothing, hashed_events, marks, subscriber_of
from ops.change import Change
from ops.line_id import parse_customer
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso

Customer = Annotated[str, typer.Argument(help="a billing key")]


def erase_buyer(stage: OpenStage, customer: Customer) -> Change:
    """Erase the contact data of one buyer, and the hashes of its users that no usage depends on any more.

    Hashes of the last weeks keep a user from being counted twice; they stay, and go by themselves. It reads the contact
    and deletes items, which no operator's role may: use an administrator's credentials.
    """
    key = parse_customer(customer)
    subscriber = subscriber_of(stage, key)
    contact = [name for name in CONTACT if name in subscriber]
    now = stage.now()
    events = [each for each in stage.watch(hashed_events(stage, key), "events") if decides_nothing(each, now)]
    users = [each for each in stage.watch(marks(stage, key), "marks") if decides_nothing(each, now)]

    def do(entry: Operation) -> Sequence[str]:
        erase = _without_contact(stage, subscriber, contact, now)
        try:
            write(stage.dynamodb.meta.client, [erase, entry])
        except Cancelled as cancelled:
            raise Refused("the subscriber has changed meanwhile: run this again") from cancelled
        table = stage.table(tables.USAGE_EVENTS)
        for item in stage.watch(events, "events"):
            table.update_item(
                Key=_key(item),
                UpdateExpression="REMOVE content.userHash",
                ConditionExpression="attribute_exists(eventId)",
            )
        for item in stage.watch(users, "marks"):
            table.delete_item(Key=_key(item))
        return [f"erased: {_what(contact, events, users)}"]

    return Change(
        subject=key,
        target=key,
        # What is erased is not repeated here: the audit trail lasts.
        change={"contact": contact, "events": len(events), "marks": len(users)},
        shown=[words(f"Of {key} would be erased: {_what(contact, events, users)}.")],
        do=do,
        next=[
            f"ops export-buyer {key}: what is left",
            "docs/personal-data.md: backups, queues, and what ends by itself",
        ],
    )


def _without_contact(stage: OpenStage, subscriber: Mapping[str, Any], contact: Sequence[str], now: float) -> Operation:
    version = int(subscriber.get("version", 0))
    change = ItemUpdate(stage.table_name(tables.SUBSCRIBERS), {"customerIdentifier": subscriber["customerIdentifier"]})
    change.when(change.exists("customerIdentifier"), change.unchanged(version))
    return change.set({"version": version + 1, "updatedAt": iso(int(now))}).remove(*contact).operation()


def _key(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("customerIdentifier", "eventId")}


def _what(contact: Sequence[str], events: Sequence[Any], users: Sequence[Any]) -> str:
    return f"{', '.join(contact) or 'no contact data'}; users' hashes of {len(events)} events; {len(users)} marks"
