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
from metering.allocate_hour import Allocator
from metering.freeze_hour import Freezer
from metering.mode import Mode
from metering.seal_hours import Sealer
from metering.zero_rules import HourlyZeros
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
    """Empty tables but for one active customer."""
    made.clear()
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
    """``changes``: of the freezer."""
    freezer = Freezer(
        records=ledger.records,
        balances=ledger.balances,
        subscribers=Subscribers(ledger.subscriber_items),
        allocator=Allocator(ledger.tagged, ledger.allocations),
        dimensions=DIMENSIONS,
        tiers=(Tier("basic", {"whole": Decimal(5)}),),
        pricing_model="subscription",
        product_code="product",
        zeros=HourlyZeros("off"),
        mode=Mode("live"),
    )
    return Sealer(
        client=changes.pop("client", ledger.client),
        freezer=replace(freezer, **changes),
        clock=clock,
        count=lambda metric, number: COUNTED.update({metric: number}),
        pause=lambda _attempt: None,
    )


def use(ledger: Ledger, hour: int = HOUR, **counted: str) -> MeteringRecord:
    return ledger.opened({(name, MONTH): Decimal(units) for name, units in counted.items()}, hour=hour)


def lines(ledger: Ledger, hour: int = HOUR) -> dict[str, Decimal]:
    return {name: line.quantity for name, line in ledger.record(hour=hour).lines.items()}
