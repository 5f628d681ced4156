"""``ops void``: an event taken back while its hour is open, by the rules of the usage API."""

from typing import Annotated, cast

import typer

from ledger import tables
from ledger.subscribers import Subscribers
from ledger.transaction import Operation
from marketplace.quantity import text
from ops.answer import words
from ops.change import Change
from ops.line_id import EventId, parse_event, short_hour
from ops.refused import Refused
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from usage.judge_event import ACCEPT
from usage.reporters import EVERYTHING
from usage.stores import Stores
from usage.usage_event import Void
from usage.void_event import Found, find, judge_void, void_event

#: The source that the event shows as ``voidedBy``. The audit trail names the person.
SOURCE = "ops"

AnyEvent = Annotated[str, typer.Argument(metavar="EVENT", help="<customer>/<event id>")]


def void(stage: OpenStage, event: AnyEvent) -> Change:
    """Take one event back, while the hour that bills it is open. Its id stays taken."""
    named = parse_event(event)
    wanted = Void(id=named.event, source=SOURCE, customer_identifier=named.customer)
    stores = _stores(stage)
    found = _voidable(stage, named, wanted, stores)
    stored = found.event

    def do(entry: Operation) -> list[str]:
        verdict = void_event(wanted, EVERYTHING, stores, stage.now, also=[entry])
        if verdict.verdict != "voided":
            why = "it was taken back before" if verdict.verdict == "duplicate" else verdict.message
            raise Refused(f"{named}: {why}; nothing was done")
        return [f"The event is taken back: the hour {short_hour(stored.billed_hour)} no longer counts it."]

    hour = f"{found.key}/{short_hour(stored.billed_hour)}"
    return Change(
        subject=found.key,
        target=str(named),
        change={"voided": named.event, "counted": stored.counted, "dimension": stored.content["dimension"]},
        shown=[
            words(
                f"{named}: {text(stored.counted)} of {stored.content['dimension']}, reported by"
                f" {stored.content['source']} for {stored.content['occurredAt']}",
                f"The hour {hour} would count it no longer.",
            )
        ],
        do=do,
        next=[f"ops hour {hour}"],
    )


def _voidable(stage: OpenStage, named: EventId, wanted: Void, stores: Stores) -> Found:
    subscriber = read_subscriber(stage, named.customer)
    found = find(wanted, subscriber, stores, stage.now())
    judgement = judge_void(found.event if found else None, subscriber)
    if found is None:
        raise Refused(f"{named}: {judgement.message}")
    if found.event.voided:
        raise Refused(f"{named} was taken back before")
    if judgement is not ACCEPT:
        raise Refused(f"{named}: {judgement.message}")
    state = stage.records.state(found.key, found.event.billed_hour)
    if found.event.counted and state != "open":
        line = f"{found.key}/{short_hour(found.event.billed_hour)}/{found.event.content['dimension']}"
        raise Refused(f"{named}: its hour is closed. Once its line is billed: ops adjust {line} --units ...")
    return found


def _stores(stage: OpenStage) -> Stores:
    return Stores(
        client=stage.dynamodb.meta.client,
        subscribers=cast("Subscribers", _Subscribers(stage)),
        subscribers_table=stage.table_name(tables.SUBSCRIBERS),
        events=stage.events,
        records=stage.records,
    )


class _Subscribers:
    """Reads what operators may see of a subscriber, and no more."""

    def __init__(self, stage: OpenStage) -> None:
        self._stage = stage

    def get(self, customer_identifier: str, consistent: bool = True) -> object:
        """The subscriber, strongly consistent whatever is asked for."""
        return read_subscriber(self._stage, customer_identifier)
