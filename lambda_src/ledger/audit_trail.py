"""What operators did, in ``yawl-audit``: each change has its note in the transaction that makes it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ledger.tables import SCHEMA
from ledger.transaction import Operation

#: The subject of what concerns all customers.
STAGE = "#stage"
ACTION = "action#"


@dataclass(frozen=True, kw_only=True)
class Action:
    """A change that an operator makes.

    subject: a billing key, or ``STAGE``. who: the ARN of the caller. why: the operator's reason. command: what was
    called. target: what it changes, a line or a queue for example. change: what is stored, in the table's types.
    """

    subject: str
    who: str
    why: str
    command: str
    target: str
    change: Mapping[str, Any] = field(default_factory=dict)


def note(table_name: str, action: Action, now: float) -> Operation:
    """The operation that stores an action, in the transaction that makes the change."""
    return {
        "Put": {
            "TableName": table_name,
            "Item": {
                "subject": action.subject,
                "item": f"{ACTION}{_milliseconds(now)}#{uuid.uuid4().hex[:12]}",
                "schema": SCHEMA,
                "who": action.who,
                "why": action.why,
                "command": action.command,
                "target": action.target,
                "change": dict(action.change),
            },
        }
    }


def _milliseconds(now: float) -> str:
    """``2026-11-15T08:00:00.000Z``: always of one length, so that items are in the order of their times."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
