"""Invoices of metered usage: one an agreement and month, and a credit memo for each completed adjustment."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from marketplace_local.catalogue import Buyer
from marketplace_local.clock import from_iso

if TYPE_CHECKING:
    from marketplace_local.state import MarketplaceState

#: Rule B01: the day of the following month on which usage is invoiced.
ISSUED_ON = 2
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Invoice:
    """An invoice or a credit memo: ``amount`` before tax; ``issued_at`` in epoch seconds; ``month``: ``2026-11``."""

    id: str
    agreement_id: str
    month: str
    amount: Decimal
    currency: str
    issued_at: float
    kind: str = "INVOICE"


def invoices_of(state: "MarketplaceState", buyer: Buyer) -> Iterator[Invoice]:
    """The invoices and credit memos that AWS has issued by now, oldest first."""
    product = state.catalogue.products[buyer.product_code]
    for month, total in sorted(billed_by_month(state, buyer).items()):
        amount = state.misstatements.shown("invoice", buyer.id, month, "", total, state.now())
        issued = issued_at(month)
        if amount is not None and issued <= state.now():
            name = invoice_id(buyer, month)
            yield Invoice(name, buyer.agreement_id, month, amount, product.currency, issued)
            for made in state.adjustments.of_invoice(name):
                yield Invoice(
                    made.id, buyer.agreement_id, month, -made.amount, product.currency, made.at, "CREDIT_MEMO"
                )


def billed_by_month(state: "MarketplaceState", buyer: Buyer) -> dict[str, Decimal]:
    """Rule B02: accepted usage at list price, by the month of the hour that was metered, rounded to cents."""
    product = state.catalogue.products[buyer.product_code]
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in state.log.accepted_of(buyer.id):
        totals[month_of(line.hour)] += Decimal(line.quantity) * product.price(line.dimension)
    return {month: total.quantize(CENT, ROUND_HALF_UP) for month, total in totals.items() if total}


def month_of(hour: str) -> str:
    """``2026-11`` of an hour in ISO."""
    return hour[:7]


def issued_at(month: str) -> float:
    """Rule B01: when the usage of a month is invoiced, in epoch seconds."""
    year, number = int(month[:4]), int(month[5:7])
    following = datetime(year + number // 12, number % 12 + 1, ISSUED_ON, tzinfo=UTC)
    return from_iso(following.isoformat())


def invoice_id(buyer: Buyer, month: str) -> str:
    """Ten digits that follow from agreement and month."""
    return str(2_000_000_000 + int(hashlib.sha256(f"{buyer.agreement_id}/{month}".encode()).hexdigest()[:7], 16))
