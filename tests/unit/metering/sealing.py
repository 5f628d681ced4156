"""What the tests of sealing have in hand: a ledger with one active customer, a sealer on it, usage and lines."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ledger.metering_record import MeteringRecord
from ledger.subscribers import Subscribers
from marketplace.dimensions import Dimension
from marketplace.tiers import Tier
from metering.run import Mode
from metering.seal.plan_seal import SealPlanner
from metering.seal.seal_hours import Sealer
from metering.seal.seal_rules import HourlyZeros
from metering.seal.terms import Product
from runtime.metric_names import MeteringMetric
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger

#: what was counted, by metric
COUNTED = Counter[MeteringMetric]()

DIMENSIONS = {
    "whole": Dimension(name="whole", unit="u"),
    "exact": Dimension(name="exact", unit="GB", decimals=6),
    "scaled": Dimension(name="scaled", unit="call", scale=1000),
}


def with_customer(made: Ledger) -> Ledger:
    """The tables with one active customer."""
    made.subscriber_items.put_item(
        Item={
            "customerIdentifier": CUSTOMER,
            "subscriptionStatus": "active",
            "activePeriods": [{"start": HOUR - 86400}],
            "entitlements": [{"dimension": "basic", "value": "1"}],
            "entitlementsFetchedAt": HOUR - 1,
        }
    )
    return made


def sealer(ledger: Ledger, clock: Callable[[], float] = lambda: NOW, **changes: Any) -> Sealer:
    """``changes``: of the planner, or of its product; ``client``: the sealer's own."""
    product = Product(
        code="product",
        pricing_model="subscription",
        dimensions=DIMENSIONS,
        tiers=(Tier("basic", {"whole": Decimal(5)}),),
        zeros=HourlyZeros("off"),
    )
    client = changes.pop("client", ledger.client)
    product = replace(product, **{name: changes.pop(name) for name in vars(product) if name in changes})
    planner = SealPlanner(
        records=ledger.records,
        balances=ledger.balances,
        subscribers=Subscribers(ledger.subscriber_items),
        tagged_usage=ledger.tagged,
        allocations=ledger.allocations,
        product=product,
        mode=Mode("live"),
    )
    return Sealer(
        client=client,
        planner=replace(planner, **changes),
        clock=clock,
        count=lambda metric, number: COUNTED.update({metric: number}),
        pause=lambda _attempt: None,
    )


def use(ledger: Ledger, hour: int = HOUR, **counted: str) -> MeteringRecord:
    return ledger.opened({(name, MONTH): Decimal(units) for name, units in counted.items()}, hour=hour)


def lines(ledger: Ledger, hour: int = HOUR) -> dict[str, Decimal]:
    return {name: line.quantity for name, line in ledger.record(hour=hour).lines.items()}
