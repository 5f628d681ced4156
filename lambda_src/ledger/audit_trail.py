"""Entries of the audit trail (``yawl-audit``) that functions write, in the form of those that ``ops`` writes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.tables import SCHEMA
from ledger.transaction import Operation
from runtime.clock import iso


@dataclass(frozen=True)
class AuditTrail:
    """The audit trail in a table."""

    table_name: str

    def entry(
        self, subject: str, *, who: str, why: str, command: str, target: str, change: Mapping[str, Any], now: float
    ) -> Operation:
        """The operation that adds an entry, to be part of the change's own transaction.

        subject: the billing key. who: an ARN. now: epoch seconds.
        """
        milliseconds = iso(int(now * 1000) / 1000)
        milliseconds = milliseconds if "." in milliseconds else milliseconds.replace("Z", ".000Z")
        return {
            "Put": {
                "TableName": self.table_name,
                "Item": {
                    "subject": subject,
                    "item": f"action#{milliseconds}#{secrets.token_hex(6)}",
                    "schema": SCHEMA,
                    "who": who,
                    "why": why,
                    "command": command,
                    "target": target,
                    "change": dict(change),
                },
                "ConditionExpression": "attribute_not_exists(subject)",
            }
        }
