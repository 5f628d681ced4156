"""Days and months, at the boundaries of the tolerances."""

from decimal import Decimal

import pytest

from ledger.metering_record import Line
from marketplace.dimensions import Dimension
from marketplace.invoices import Invoiced
from marketplace.usage_feed import Reported
from reconcile import kinds
from reconcile.books.by_customer import start_of
from reconcile.books.invoice_rules import compare_month, worth
from reconcile.books.month import invoice_book
from reconcile.books.usage import usage_book
from reconcile.books.usage_rules import compare_day, metered
from runtime.clock import from_iso, iso


def line(quantity: str, verdict: str = "billed") -> Line:
    return Line(dimension="gb", quantity=Decimal(quantity), counted=Decimal(0), verdict=verdict)


@pytest.mark.parametrize(
    ("ours", "theirs", "rows", "kind"),
    [
        (["5"], "5", 1, None),
        (["5"], "5.01", 1, kinds.OTHER_AMOUNT),
        (["1.25", "2.5"], "3.75", 2, None),
        (["1.25", "2.5"], "3.74", 2, kinds.OTHER_AMOUNT),
        (["1.234567"], "1.23", 1, None),
        (["1.234567"], "1.24", 1, None),
        (["1.235"], "1.225", 1, kinds.OTHER_AMOUNT),
        (["1.235", "1.235"], "2.455", 2, None),
        (["1.235", "1.235"], "2.45", 2, kinds.OTHER_AMOUNT),
        (["0.004"], "0", 0, None),
        (["5"], "0", 0, kinds.ONLY_HERE),
        ([], "5", 1, kinds.ONLY_THERE),
    ],
)
def test_the_feed_has_two_decimals(ours: list[str], theirs: str, rows: int, kind: str | None) -> None:
    found = compare_day("c", "2026-11-15", metered(map(line, ours)), {"gb": Reported(Decimal(theirs), rows)})
    assert [each.kind for each in found] == ([kind] if kind else [])


def test_only_what_marketplace_has_counts() -> None:
    lines = [line("1"), line("2", "on_file"), line("4", "conflict"), line("8", "not_sent"), line("16", "expired")]
    assert metered(lines)["gb"].units == 3


DIMENSIONS = {
    "gb": Dimension(name="gb", unit="GB", price=Decimal("0.25")),
    "runs": Dimension(name="runs", unit="run", price=Decimal("0.05")),
    "free": Dimension(name="free", unit="x"),
}


def invoiced(amount: str, currency: str = "USD", adjusted: str = "0") -> Invoiced:
    return Invoiced(charged={currency: Decimal(amount)}, adjusted={currency: Decimal(adjusted)}, ids=("1",))


@pytest.mark.parametrize(
    ("units", "book", "kind"),
    [
        ({"gb": "4"}, invoiced("1.00"), None),
        ({"gb": "4"}, invoiced("1.01"), None),
        ({"gb": "4"}, invoiced("1.02"), kinds.OTHER_AMOUNT),
        ({"gb": "4", "runs": "20"}, invoiced("2.02"), None),
        ({"gb": "4", "runs": "20"}, invoiced("2.03"), kinds.OTHER_AMOUNT),
        ({"gb": "4"}, invoiced("1.00", adjusted="0.40"), None),
        ({"gb": "4"}, invoiced("1.00", "EUR"), kinds.OTHER_CURRENCY),
        ({"gb": "4"}, Invoiced(charged={}, adjusted={}), kinds.ONLY_HERE),
        ({}, invoiced("1.00"), kinds.ONLY_THERE),
        ({"free": "9"}, invoiced("1.00"), None),
    ],
)
def test_invoices_are_compared_at_list_price(units: dict[str, str], book: Invoiced, kind: str | None) -> None:
    counted = {name: Decimal(number) for name, number in units.items()}
    found = compare_month("c", "2026-11", counted, book, DIMENSIONS, "USD")
    assert (found.kind if found else None) == kind


def test_what_has_no_price_cannot_be_compared() -> None:
    assert worth({"gb": Decimal(4), "free": Decimal(0)}, DIMENSIONS) == 1
    assert worth({"gb": Decimal(4), "free": Decimal(1)}, DIMENSIONS) is None


def test_a_finding_names_what_was_adjusted() -> None:
    found = compare_month("c", "2026-11", {"gb": Decimal(8)}, invoiced("1.00", adjusted="0.4"), DIMENSIONS, "USD")
    assert found is not None
    assert found.detail == {"currency": "USD", "invoices": "1", "adjusted": "0.4"}


def test_days_and_months_begin_at_midnight_utc() -> None:
    day = usage_book(None, None, None, None)  # type: ignore[arg-type]
    month = invoice_book(None, None, None, "USD")  # type: ignore[arg-type]
    last, first = from_iso("2026-11-30T23:59:59Z"), from_iso("2026-12-01T00:00:00Z")
    assert [iso(day.beginning(at)) for at in (last, first)] == ["2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z"]
    assert [iso(month.beginning(at)) for at in (last, first)] == ["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"]
    assert month.following(start_of("2026-12")) == start_of("2027-01") == int(from_iso("2027-01-01T00:00:00Z"))
    assert iso(day.due(start_of("2026-11-30"))) == "2026-12-03T12:00:00Z"
    assert iso(month.due(start_of("2026-11"))) == "2026-12-04T00:00:00Z"
