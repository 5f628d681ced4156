"""A product whose fault stops its own lines, where a stage sells several."""

import logging
from collections.abc import Iterator

import pytest

from ledger.run_tally import RunTally
from marketplace.products import Products
from metering.handlers.report import stopped
from metering.send.stops import REST, Stops
from tests.contracts.stores import NOW, Ledger
from tests.contracts.stores import ledger as new_ledger
from tests.products import sold

BOTH = Products((*sold(code="one", title="One"), *sold(code="two")))


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with new_ledger() as made:
        yield made


def test_a_stopped_product_rests_for_less_than_a_minute_and_the_other_goes_on(ledger: Ledger) -> None:
    """Final metering asks again every minute."""
    stops = Stops(BOTH, RunTally(ledger.state_items))
    assert not stops.rests("one", NOW)
    stops.stop("run", "one", "AccessDeniedException", NOW)
    assert [stops.rests("one", NOW + after) for after in (0, REST - 0.1, REST)] == [True, True, False]
    assert not stops.rests("two", NOW)
    assert REST < 60


def test_the_report_of_the_run_names_every_stopped_product(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    tally = RunTally(ledger.state_items)
    with caplog.at_level(logging.ERROR):
        Stops(BOTH, tally).stop("run", "one", "AccessDeniedException", NOW)
        Stops(BOTH, tally).stop("run", "two", "InvalidProductCodeException", NOW)
    assert [record.product for record in caplog.records] == ["One (one)", "two"]  # type: ignore[attr-defined]
    assert stopped(BOTH, tally.stops("run")) == {
        "error": "ProductFault",
        "cause": "One (one): AccessDeniedException; two: InvalidProductCodeException",
    }
    assert stopped(BOTH, tally.stops("another run")) is None


@pytest.mark.parametrize(("products", "ends"), [(sold(code="one"), True), (BOTH, False)])
def test_the_fault_of_the_only_product_ends_the_run(ledger: Ledger, products: Products, ends: bool) -> None:
    assert Stops(products, RunTally(ledger.state_items)).ends_the_run is ends
