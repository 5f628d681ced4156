"""``ops pauses``, ``ops pause``, ``ops resume``: whose lines are not sent for the moment."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ledger import tables
from ledger.pauses import STAGE, Pause, Pauses
from ledger.transaction import Operation
from marketplace.hour import deadline, hour_of
from ops.answer import Answer, Parts, table, words
from ops.change import STAGE_SUBJECT, Change
from ops.line_id import parse_customer
from ops.next_run import sent_by
from ops.refused import Refused
from ops.repair.once import write_once
from ops.stage import OpenStage
from runtime.clock import iso

Whom = Annotated[str, typer.Argument(metavar="[CUSTOMER]", help="a billing key; left out: the whole stage")]


def pauses(stage: OpenStage) -> Answer:
    """Whose lines are paused since when, by whom and why, and the nearest deadline of what is held back."""
    paused = _pauses(stage).read().pauses
    nearest = _nearest_deadlines(stage)
    rows = [(_named(whom), iso(each.at), _until(nearest, whom), each.by, each.why) for whom, each in paused.items()]
    parts = Parts(
        data={
            "pauses": [
                {"whom": whom, "pausedAt": iso(p.at), "by": p.by, "why": p.why, "until": _until(nearest, whom)}
                for whom, p in paused.items()
            ]
        }
    )
    if not rows:
        parts.shown.append(words("Nothing is paused."))
        return parts.answer()
    parts.shown.append(table("Lines are not sent", ("whom", "since", "first deadline", "by", "why"), rows))
    parts.next += [_command("resume", whom) for whom in paused]
    return parts.answer()


def pause(stage: OpenStage, whom: Whom = "") -> Change:
    """Stop sending a customer's lines, or the whole stage's. Usage is recorded and hours are sealed as always.

    A pause moves no deadline: a line that is still paused then ends expired.
    """
    item = _item(whom)
    if item in (found := _pauses(stage).read().pauses):
        raise Refused(f"{_named(item)} is paused already, since {iso(found[item].at)}: {found[item].why}")
    until = _until(_nearest_deadlines(stage), item)
    running = iso(deadline(hour_of(stage.now())))
    safe = (
        f"Nothing is lost before {until}, the nearest deadline of what is pending now."
        if until
        else f"Nothing is pending now. Of the running hour nothing is lost before {running}."
    )

    def do(entry: Operation) -> list[str]:
        noted = entry["Put"]["Item"]
        made = Pause(stage.now(), noted["who"], noted["why"])
        write_once(stage, [_pauses(stage).pause(item, made)], entry)
        return [f"{_named(item)} is paused. {safe}"]

    return Change(
        subject=_subject(item),
        target=_named(item),
        change={"paused": item, **({"until": until} if until else {})},
        shown=[words(f"No line of {_named(item)} would be sent any more. {safe}")],
        do=do,
        next=[_command("resume", item), "ops pauses"],
    )


def resume(stage: OpenStage, whom: Whom = "") -> Change:
    """End a pause: what has waited is sent. It says by which run, and whether that is before the first deadline."""
    item = _item(whom)
    found = _pauses(stage).read().pauses
    if item not in found:
        others = ", ".join(map(_named, found)) or "nobody"
        raise Refused(f"{_named(item)} is not paused; paused: {others}")

    waits = _nearest_deadlines(stage).get(item)
    sent = sent_by(stage, waits, "what has waited") if waits else "nothing is pending"
    if STAGE in found and item != STAGE:
        sent = "but the whole stage is: ops resume ends that"

    def do(entry: Operation) -> list[str]:
        write_once(stage, [_pauses(stage).resume(item, found[item])], entry)
        return [f"{_named(item)} is no longer paused, {sent}"]

    since = f"paused since {iso(found[item].at)} by {found[item].by}: {found[item].why}"
    return Change(
        subject=_subject(item),
        target=_named(item),
        change={"resumed": item, "pausedAt": iso(found[item].at)},
        shown=[words(f"{_named(item)}, {since}", f"It would no longer be paused, {sent}.")],
        do=do,
        next=["ops pending"],
    )


def _pauses(stage: OpenStage) -> Pauses:
    return Pauses(stage.table(tables.STATE))


def _item(whom: str) -> str:
    return parse_customer(whom) if whom else STAGE


def _subject(item: str) -> str:
    return STAGE_SUBJECT if item == STAGE else item


def _named(item: str) -> str:
    return "the whole stage" if item == STAGE else item


def _command(name: str, item: str) -> str:
    return f"ops {name}" if item == STAGE else f"ops {name} {item}"


def _nearest_deadlines(stage: OpenStage) -> Mapping[str, int]:
    """The first deadline of what is pending, by customer, and of all under ``STAGE`` (epoch seconds)."""
    nearest: dict[str, int] = {}
    for customer, hour in stage.watch(stage.records.pending_keys(hour_of(stage.now())), "pending hours"):
        for whom in (customer, STAGE):
            nearest[whom] = min(nearest.get(whom, deadline(hour)), deadline(hour))
    return nearest


def _until(nearest: Mapping[str, int], item: str) -> Any:
    return iso(nearest[item]) if item in nearest else None
