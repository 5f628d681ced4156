"""The summary as JSON and as CSV. Pure."""

import csv
import io
from typing import Any

from buyer.usage_page.summary import Month, Summary, Use
from marketplace.quantity import text
from marketplace.tiers import UNLIMITED
from runtime.clock import iso

COLUMNS = (
    "month",
    "dimension",
    "unit",
    "recorded",
    "included",
    "billable",
    "unitsPerBillable",
    "listPrice",
    "amountAtListPrice",
    "currency",
)


def as_json(summary: Summary) -> dict[str, Any]:
    """The summary as JSON; unknown fields are absent. Quantities and amounts are decimals in strings."""
    access, product = summary.access, summary.product
    status = {"reason": access.reason, "until": iso(access.until) if access.until is not None else None}
    shown: dict[str, Any] = {
        "customerIdentifier": summary.subscriber.customer_identifier,
        "product": {"code": product.code, "title": product.title},
        "asOf": iso(int(summary.as_of)),
        "status": {name: value for name, value in status.items() if value is not None},
        "succeededBy": summary.successor,
        "currency": summary.currency,
        "months": [_month(month) for month in summary.months],
        "hours": [
            {
                "hour": iso(hour.hour),
                "state": "sealed" if hour.sealed else "open",
                "recorded": {name: text(units) for name, units in sorted(hour.units.items())},
            }
            for hour in summary.hours
        ],
    }
    return {name: value for name, value in shown.items() if value is not None}


def as_csv(summary: Summary) -> str:
    """The months, a row for each dimension, with a heading (RFC 4180)."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for month in summary.months:
        for use in month.uses:
            price, amount = use.dimension.price, use.amount
            rows.writerow(
                (
                    month.name,
                    use.dimension.name,
                    use.dimension.unit,
                    text(use.recorded),
                    text(use.included),
                    text(use.billable),
                    use.dimension.scale,
                    text(price) if price is not None else "",
                    text(amount) if amount is not None else "",
                    summary.currency if price is not None else "",
                )
            )
    return written.getvalue()


def _month(month: Month) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "month": month.name,
        "finished": month.finished,
        "dimensions": [_use(use) for use in month.uses],
    }
    return shown if month.amount is None else shown | {"amountAtListPrice": text(month.amount)}


def _use(use: Use) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "dimension": use.dimension.name,
        "unit": use.dimension.unit,
        "recorded": text(use.recorded),
        "included": text(use.included),
        "billable": text(use.billable),
        "unitsPerBillable": use.dimension.scale,
        "allowance": _allowance(use),
        "percent": use.percent,
        "listPrice": text(use.dimension.price) if use.dimension.price is not None else None,
        "amountAtListPrice": text(use.amount) if use.amount is not None else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _allowance(use: Use) -> str | None:
    if use.allowance is None:
        return None
    return "unlimited" if use.allowance == UNLIMITED else text(use.allowance)
