"""Findings: differences that an audit found between the ledger and another book, in ``yawl-audit``.

A finding is one item, named by what it is about, so that the same difference found again is the same item. It stays
open until the two books agree again, or until a person closes it; one that a person closed stays closed while its
amounts stay the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.item_update import ItemUpdate
from ledger.reading import every_page
from ledger.tables import OPEN_FINDINGS_INDEX, SCHEMA
from ledger.transaction import Operation, update
from marketplace.quantity import text
from runtime.clock import iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PREFIX = "finding#"
#: The subject of what concerns no single customer.
STAGE = "#stage"
#: The resolution of a finding whose books agree again.
AGREES = "agrees"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One difference.

    subject: the billing key, or ``STAGE``. depth: which book was compared (``calls``, ``usage``, ``invoices``). period:
    the hour (``2026-11-15T14:00Z``), day or month in UTC. dimension: "" where all are meant. kind: what differs, see
    docs/reconciliation.md. ours, theirs: the amounts as text, None where a book has no entry. detail: further facts.
    """

    subject: str
    depth: str
    period: str
    dimension: str
    kind: str
    ours: str | None = None
    theirs: str | None = None
    detail: dict[str, str] = field(default_factory=dict)

    @property
    def item(self) -> str:
        """The sort key of its item."""
        return f"{PREFIX}{self.depth}#{self.period}#{self.dimension}#{self.kind}"

    @classmethod
    def from_item(cls, item: Any) -> "Finding":
        """A finding from its table item."""
        _, depth, period, rest = str(item["item"]).split("#", 3)
        dimension, _, kind = rest.rpartition("#")
        return cls(
            subject=item["subject"],
            depth=depth,
            period=period,
            dimension=dimension,
            kind=kind,
            ours=item.get("ours"),
            theirs=item.get("theirs"),
            detail=dict(item.get("detail", {})),
        )


def amount(units: Decimal | None) -> str | None:
    """An amount as a finding has it."""
    return None if units is None else text(units)


class Findings:
    """The findings of ``yawl-audit``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def open(self, depth: str) -> Iterator[tuple[Finding, str]]:
        """Open findings of a depth, oldest first, each with the time (ISO) at which it was last looked at.

        The index is eventually consistent: a finding of a moment ago may be missing.
        """
        items = every_page(
            self._table.query,
            IndexName=OPEN_FINDINGS_INDEX.name,
            KeyConditionExpression="findingState = :open",
            ExpressionAttributeValues={":open": "open"},
        )
        for item in items:
            if str(item["item"]).startswith(f"{PREFIX}{depth}#"):
                yield Finding.from_item(item), str(item.get("checkedAt", item["foundAt"]))

    def found(self, finding: Finding, now: float) -> bool:
        """Note a difference; ``now`` in epoch seconds. Returns whether it is open after that and was not before.

        One that a person closed stays closed while both amounts are those that the person saw.
        """
        seen: dict[str, Any] = {"checkedAt": iso(int(now)), "schema": SCHEMA}
        amounts = {name: value for name, value in (("ours", finding.ours), ("theirs", finding.theirs)) if value}
        values = {**seen, **amounts, **({"detail": finding.detail} if finding.detail else {})}
        again = self._change(finding).set(values)
        if update(self._table, **again.when(again.equals("findingState", "open")).request()):
            return False
        new = self._change(finding).set({**values, "findingState": "open", "foundAt": iso(int(now))})
        new.remove("resolution", "resolvedAt", "resolvedBy")
        differs = [new.absent("resolution"), new.equals("resolution", AGREES)]
        differs += [f"NOT {new.equals(name, value)}" for name, value in amounts.items()]
        return update(self._table, **new.when(f"({' OR '.join(differs)})").request()) is not None

    def looked_at(self, finding: Finding, now: float) -> None:
        """Note that an open finding was looked at and could not be judged."""
        change = self._change(finding).set({"checkedAt": iso(int(now))})
        update(self._table, **change.when(change.equals("findingState", "open")).request())

    def resolve(self, finding: Finding, resolution: str, by: str, now: float) -> bool:
        """Close an open finding: ``AGREES`` by an audit, or a person's word. Returns whether it was open."""
        change = self._change(finding)
        change.set({"resolution": resolution, "resolvedAt": iso(int(now)), "resolvedBy": by})
        change.remove("findingState")
        return update(self._table, **change.when(change.equals("findingState", "open")).request()) is not None

    def closing(self, finding: Finding, resolution: str, by: str, now: float) -> Operation:
        """The operation by which a person closes a finding, if it is open with the amounts that the person saw."""
        change = self._change(finding)
        change.set({"resolution": resolution, "resolvedAt": iso(int(now)), "resolvedBy": by})
        change.remove("findingState").when(change.equals("findingState", "open"))
        for name, value in (("ours", finding.ours), ("theirs", finding.theirs)):
            change.when(change.absent(name) if value is None else change.equals(name, value))
        return change.operation()

    def _change(self, finding: Finding) -> ItemUpdate:
        return ItemUpdate(self._table.name, {"subject": finding.subject, "item": finding.item})
