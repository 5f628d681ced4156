"""What a changing command would do. It is shown; with ``--apply`` it is done, together with its entry in the audit
trail (``yawl-audit``, docs/data-model.md)."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import RenderableType

from ledger import tables
from ledger.tables import SCHEMA
from ledger.transaction import Operation, write
from ops.answer import Answer, words
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso

#: The subject of what concerns all customers.
STAGE_SUBJECT = "#stage"
LONGEST_REASON = 500
#: Ends the key of an entry that says what came of another one.
OUTCOME = "#outcome"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change, worked out and not done.

    subject: the billing key whose audit trail has it, or ``STAGE_SUBJECT``. target: what is changed, as the command
    line names it. change: what will be stored, for the audit trail. shown: the same for people. do: does it, with the
    audit entry in the same transaction where it is one, and returns sentences that say what happened; it raises Refused
    where what the preview was worked out from has changed. next: what can be done afterwards.
    """

    subject: str
    target: str
    change: Mapping[str, Any]
    shown: Sequence[RenderableType]
    do: Callable[[Operation], Sequence[str]]
    next: Sequence[str] = field(default_factory=tuple)


def carry_out(stage: OpenStage, command: str, change: Change, *, why: str, apply: bool) -> Answer:
    """Show the change, or do it. Raises Refused where it is to be done and nobody says why."""
    data = {"command": command, "target": change.target, "change": change.change}
    if not apply:
        note = words("Nothing was changed: this is what --apply would do.", style="yellow")
        return Answer(
            data={**data, "applied": False},
            shown=[*change.shown, note],
            next=['the same command with --apply --why "..."'],
        )
    if not why.strip():
        raise Refused('nobody says why: add --why "<the reason, for the audit trail>"')
    if len(why) > LONGEST_REASON:
        raise Refused(f"--why has {len(why)} characters: {LONGEST_REASON} are enough")
    entry = audit_entry(stage, command, change, why.strip())
    said = list(change.do(entry))
    item = entry["Put"]["Item"]["item"]
    return Answer(
        data={**data, "applied": True, "said": said, "audit": {"subject": change.subject, "item": item}},
        shown=[*change.shown, words(*said, style="green"), words(f"audited: {change.subject} {item}")],
        next=change.next,
    )


def audit_entry(stage: OpenStage, command: str, change: Change, why: str) -> Operation:
    """The operation that adds this change to the audit trail, to be part of the change's own transaction."""
    at = stage.now()
    milliseconds = iso(int(at * 1000) / 1000)
    milliseconds = milliseconds if "." in milliseconds else milliseconds.replace("Z", ".000Z")
    return {
        "Put": {
            "TableName": stage.table_name(tables.AUDIT),
            "Item": {
                "subject": change.subject,
                "item": f"action#{milliseconds}#{uuid.uuid4().hex[:12]}",
                "schema": SCHEMA,
                "who": stage.who(),
                "why": why,
                "command": command,
                "target": change.target,
                "change": dict(change.change),
            },
            "ConditionExpression": "attribute_not_exists(subject)",
        }
    }


def note_outcome(stage: OpenStage, entry: Operation, outcome: Mapping[str, Any]) -> None:
    """Write what came of a change that is no transaction, beside its entry, which never changes.

    Its key is the entry's with ``OUTCOME`` behind it, so that it follows it in every list.
    """
    put = entry["Put"]
    item = {**put["Item"], "item": put["Item"]["item"] + OUTCOME, "change": {"outcome": dict(outcome)}}
    write(stage.dynamodb.meta.client, [{"Put": {**put, "Item": item}}])


def write_entry(stage: OpenStage, entry: Operation) -> None:
    """Write the audit entry alone, for a change that is no transaction (messages, for example): before it is begun."""
    write(stage.dynamodb.meta.client, [entry])
