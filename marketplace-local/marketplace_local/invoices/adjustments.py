"""Billing adjustments: what a seller asked AWS to refund. They are completed at once."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Adjustment:
    """A completed billing adjustment of one invoice; ``at`` in epoch seconds."""

    id: str
    invoice_id: str
    amount: Decimal
    at: float
    entry: tuple[tuple[str, str], ...]


class Adjustments:
    """Completed adjustments by their client token (rule B06)."""

    def __init__(self) -> None:
        self.by_token: dict[str, Adjustment] = {}

    def of_invoice(self, invoice_id: str) -> list[Adjustment]:
        """The adjustments of one invoice, oldest first."""
        return [each for each in self.by_token.values() if each.invoice_id == invoice_id]

    def make(self, entry: dict[str, str], now: float) -> Adjustment:
        """A new adjustment of a checked entry."""
        token = entry["clientToken"]
        made = Adjustment(
            id=f"ba-{hashlib.sha256(token.encode()).hexdigest()[:16]}",
            invoice_id=entry["originalInvoiceId"],
            amount=Decimal(entry["adjustmentAmount"]),
            at=now,
            entry=tuple(sorted(entry.items())),
        )
        self.by_token[token] = made
        return made
