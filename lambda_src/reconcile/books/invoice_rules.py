"""The ledger's units of one customer and month at list price, and what AWS Marketplace invoiced. Pure.

Source: botocore model of ListAgreementInvoiceLineItems: ``amount`` is before tax; a credit memo is what was adjusted
afterwards. How an invoice rounds is not documented: a hundredth for each dimension is let pass.
"""

from collections.abc import Mapping
from decimal import Decimal

from ledger.findings import Finding, amount
from marketplace.dimensions import Dimension
from marketplace.invoices import Invoiced
from reconcile import kinds

CENT = Decimal("0.01")


def worth(units: Mapping[str, Decimal], dimensions: Mapping[str, Dimension]) -> Decimal | None:
    """Billed units at list price; None where a dimension with units has no price in the stage file."""
    total = Decimal(0)
    for name, quantity in units.items():
        if not quantity:
            continue
        dimension = dimensions.get(name)
        if dimension is None or dimension.price is None:
            return None
        total += quantity * dimension.price
    return total


def compare_month(
    customer: str,
    month: str,
    units: Mapping[str, Decimal],
    invoiced: Invoiced,
    dimensions: Mapping[str, Dimension],
    currency: str,
) -> Finding | None:
    """The difference of one customer's month, if there is one. Credit memos are no difference, and are named."""
    ours = worth(units, dimensions)
    if ours is None:
        return None
    theirs = invoiced.charged.get(currency, Decimal(0))
    foreign = {name: sum_ for name, sum_ in invoiced.charged.items() if name != currency and sum_}
    if not foreign and abs(ours - theirs) <= CENT * max(1, sum(1 for each in units.values() if each)):
        return None
    kind = kinds.OTHER_AMOUNT
    if foreign:
        kind = kinds.OTHER_CURRENCY
    elif not theirs:
        kind = kinds.ONLY_HERE
    elif not ours:
        kind = kinds.ONLY_THERE
    detail = {"currency": ", ".join(foreign) or currency}
    if invoiced.ids:
        detail["invoices"] = ", ".join(invoiced.ids[:10])
    if invoiced.adjusted.get(currency):
        detail["adjusted"] = amount(invoiced.adjusted[currency]) or ""
    return Finding(
        subject=customer,
        depth=kinds.INVOICES,
        period=month,
        dimension="",
        kind=kind,
        ours=amount(ours.quantize(CENT)),
        theirs=amount(sum(foreign.values(), Decimal(0)) if foreign else theirs) if invoiced.charged else None,
        detail=detail,
    )
