"""Two products in one deployment, one of licences and one of legacy buyers: each is billed by its own terms, no call of
AWS Marketplace mixes them, and a fault of one stops only its own lines."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from ledger.run_tally import RunTally
from marketplace.dimensions import Dimension
from marketplace.hour import SECONDS, deadline
from marketplace.products import Product
from marketplace.tiers import Tier
from metering.handlers.report import stopped
from metering.report.levels import read_levels
from metering.send.send_batch import ALIKE_REJECTIONS
from runtime.clock import iso
from runtime.metric_names import MeteringMetric
from tests.scenarios.world import DIMENSIONS, PRODUCT, START, World
from tests.scenarios.world import world as new_world

SECOND = Product(
    code="prod-second",
    title="Second",
    integration="legacy",
    pricing_model="contract-with-consumption",
    dimensions={
        "api_calls": Dimension(name="api_calls", unit="call", scale=10, price=Decimal("0.5")),
        "reports": Dimension(name="reports", unit="report", decimals=2),
    },
    tiers=(Tier("start", {"api_calls": Decimal(50)}),),
    hourly_zeros="reports",
)
ACCOUNT = "444455556666"
FIRST_TIERS = (Tier("basic", {"api_calls": Decimal(2000)}),)


@pytest.fixture
def world() -> Iterator[World]:
    """The first product is sold by licence: calls per 1,000, of which 2,000 a month are included. The second one has a
    dimension of the same name: per 10, of which 50 are included."""
    settings: dict[str, Any] = {"integration": "license", "pricing_model": "contract-with-consumption"}
    with new_world(**settings, tiers=FIRST_TIERS, more=(SECOND,)) as made:
        made.marketplace.create_product(
            SECOND.code, SECOND.dimensions, integration="legacy", contract_dimensions=["start"]
        )
        yield made


def of_first(world: World, **more: Any) -> str:
    return entitled(world, world.buyer(**more), "basic")


def of_second(world: World, **more: Any) -> str:
    return entitled(world, world.buyer("legacy", product=SECOND.code, **more), "start")


def entitled(world: World, customer: str, tier: str) -> str:
    held = [{"dimension": tier, "value": "1"}]
    world.change(customer, entitlements=held, entitlementsFetchedAt=int(START) - 10)
    return customer


def calls(world: World, *customers: str, quantity: int = 5_700) -> list[str]:
    events = [world.event(each, "calls", quantity, dimension="api_calls") for each in customers]
    return [verdict["verdict"] for verdict in world.report(*events)]


def products_of_calls(world: World) -> list[tuple[tuple[str | None, str], ...]]:
    """For each request that was made, how its records name their products: once, or it mixes them."""
    found = []
    for sent in map(json.loads, world.requests):
        shapes = {"license" if "LicenseArn" in record else "legacy" for record in sent["UsageRecords"]}
        found.append(tuple((sent.get("ProductCode"), shape) for shape in sorted(shapes)))
    return found


def test_one_account_with_both_is_billed_by_the_terms_of_each(world: World) -> None:
    mine, other = of_first(world, account=ACCOUNT), of_second(world, account=ACCOUNT)
    assert calls(world, mine, other) == ["recorded", "recorded"]
    assert world.next_run() == []
    # 5,700 less 2,000 make three billed units of 1,000; 5,700 less 50 make 565 of 10.
    assert (world.billed(mine, "api_calls"), world.billed(other, "api_calls")) == (3, 565)
    assert (world.record(mine).lines["api_calls"].scale, world.record(other).lines["api_calls"].scale) == (1000, 10)
    assert (world.record(mine).product_code, world.record(other).product_code) == (PRODUCT, SECOND.code)
    assert world.balances.get(mine).remainder == {"api_calls": 700}
    assert {line["productCode"] for line in world.accepted()} == {PRODUCT, SECOND.code}


def test_no_call_mixes_them(world: World) -> None:
    customers = [each for _ in range(30) for each in (of_first(world), of_second(world))]
    assert set(calls(world, *customers)) == {"recorded"}
    assert world.next_run() == []
    assert {line["buyer"] for line in world.accepted()} == set(customers)
    # The second product's customers have a line of each of two dimensions: 60 lines.
    assert Counter(products_of_calls(world)) == {((None, "license"),): 2, ((SECOND.code, "legacy"),): 3}
    assert all(call["outcome"] == "answered" for call in world.marketplace.calls())


@pytest.mark.parametrize(("second", "dimension"), [(False, "reports"), (True, "peak_nodes"), (True, "nothing")])
def test_a_dimension_of_the_other_product_is_unknown(world: World, second: bool, dimension: str) -> None:
    customer = of_second(world) if second else of_first(world)
    (verdict,) = world.report(world.event(customer, "a", dimension=dimension))
    assert (verdict["verdict"], verdict["reason"]) == ("refused", "unknown_dimension")


def test_usage_of_a_customer_that_is_not_known_yet_waits_unless_no_product_has_its_dimension(world: World) -> None:
    for dimension in ("reports", "peak_nodes"):
        (verdict,) = world.report(world.event("l-nobody-yet", "a", dimension=dimension))
        assert (verdict["verdict"], verdict["reason"]) == ("retry_later", "unknown_customer")
    (verdict,) = world.report(world.event("l-nobody-yet", "a", dimension="nothing"))
    assert verdict["reason"] == "unknown_dimension"
    (verdict,) = world.report(world.event("l-nobody-yet", "a", dimension="reports", occurredAt="2020-01-01T00:00:00Z"))
    assert verdict["reason"] == "too_old"


def test_a_customer_of_a_product_that_the_stage_no_longer_sells_waits(world: World) -> None:
    customer, other = of_first(world), of_second(world)
    assert calls(world, customer, other) == ["recorded", "recorded"]
    world.more = ()
    (verdict,) = world.report(world.event(customer, "b", dimension="peak_nodes"))
    assert verdict["verdict"] == "recorded"
    world.next_run()
    assert (world.record(customer).state, world.record(other).state) == ("sealed", "open")
    assert world.billed(other, "api_calls") == 0
    # At its deadline it ends, named, and is never sent by another product's terms.
    world.now = deadline(int(START)) + 60.0
    world.run()
    line = world.record(other).lines["api_calls"]
    assert (line.verdict, line.counted, world.billed(other, "api_calls")) == ("expired", 5700, 0)
    world.more = (SECOND,)


def test_an_idle_hour_has_zeros_of_its_own_product(world: World) -> None:
    customer, other = of_first(world), of_second(world)
    world.next_run()
    assert world.records.get(customer, int(START)) is None
    assert {name: line.quantity for name, line in world.record(other).lines.items()} == {"reports": 0}


def test_a_refused_product_stops_its_own_lines_only(world: World) -> None:
    customers = [(of_first(world), of_second(world)) for _ in range(3)]
    assert set(calls(world, *(each for pair in customers for each in pair))) == {"recorded"}
    world.marketplace.arm("error", error="InvalidProductCodeException", productCode=SECOND.code)
    assert world.next_run() == []
    assert [world.billed(mine, "api_calls") for mine, _ in customers] == [3, 3, 3]
    assert world.pending() == {(other, int(START)) for _, other in customers}
    assert world.counted[MeteringMetric.PRODUCT_FAULTS] >= 1
    # The run's report fails the run, and names the product.
    reasons = RunTally(world.dynamodb.Table(tables.STATE.name)).stops(iso(world.now))
    fault = stopped(world.products, reasons)
    assert fault == {"error": "ProductFault", "cause": "Second (prod-second): InvalidProductCodeException"}
    world.marketplace.clear_faults()
    world.next_run()
    assert [world.billed(other, "api_calls") for _, other in customers] == [565, 565, 565]


def test_rejections_alike_are_counted_by_product(world: World) -> None:
    first = [of_first(world) for _ in range(3)]
    second = [of_second(world) for _ in range(ALIKE_REJECTIONS + 10)]
    assert set(calls(world, *first, *second)) == {"recorded"}
    world.marketplace.arm("error", error="InvalidUsageDimensionException", productCode=SECOND.code)
    world.next_run()
    assert [world.billed(each, "api_calls") for each in first] == [3, 3, 3]
    lines = [line for each in second for line in world.record(each).lines.values()]
    # Accepted lines of the first product do not make the second one's rejections faults of the lines.
    assert sum(line.verdict == "rejected" for line in lines) >= ALIKE_REJECTIONS
    assert world.counted[MeteringMetric.PRODUCT_FAULTS] >= 1
    reasons = RunTally(world.dynamodb.Table(tables.STATE.name)).stops(iso(world.now))
    assert list(reasons) == [SECOND.code]


def test_what_is_at_risk_is_worth_what_its_own_product_costs(world: World) -> None:
    mine, other = of_first(world), of_second(world)
    calls(world, mine, other)
    late = int(START) + 20 * SECONDS
    for sealed in (False, True):
        if sealed:
            world.marketplace.arm("throttle", times=100)
            world.now = START + SECONDS + 600
            world.sealer.seal_hours([(mine, int(START)), (other, int(START))])
        levels = read_levels(
            world.records, world.subscribers, int(START), now=late, mode=world.metering_mode, products=world.products
        )
        counted = {
            f"api_calls ({PRODUCT})": 3000 if sealed else 5700,
            "api_calls (prod-second)": 5650 if sealed else 5700,
        }
        assert levels.at_risk.units == counted
        # Only the second product has a price.
        assert levels.at_risk.money == Decimal(565 if sealed else 570) / 2


def test_each_product_s_dimensions_stand_by_their_names_unless_another_has_the_same(world: World) -> None:
    assert set(world.products.dimensions) == {
        *(set(DIMENSIONS) - {"api_calls"}),
        "reports",
        f"api_calls ({PRODUCT})",
        "api_calls (prod-second)",
    }
