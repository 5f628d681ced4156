"""Helpers of the tests of sealing: a ledger with one active customer, a sealer on it, usage and lines."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ledger.metering_record import MeteringRecord
from local.dynamodb.declared_tables import TABLE_SETTINGS
from marketplace.dimensions import Dimension
from marketplace.tiers import Tier
from metering.assembly import seal
from metering.seal.seal_hours import Sealer
from metering.seal.unusual_settings import UnusualSettings
from runtime.metric_names import MeteringMetric
from runtime.settings import SealHoursSettings
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.products import sold

#: The counts of every sealer, by metric.
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


TIERS = (Tier("basic", {"whole": Decimal(5)}),)
SETTINGS = {
    **TABLE_SETTINGS,
    "UNUSUAL": UnusualSettings().to_json(),
    "METERING_MODE": "live",
    "TEST_BUYERS": "",
    "PENDING_SHARDS": "1",
}


def sealer(ledger: Ledger, clock: Callable[[], float] = lambda: NOW, **changes: Any) -> Sealer:
    """A sealer by the functions' own assembly. changes: of its settings or of the product, else of its planner, or its
    ``client``."""
    terms: dict[str, Any] = {"dimensions": DIMENSIONS, "tiers": TIERS, "pricing_model": "subscription"}
    terms |= {name: changes.pop(name) for name in ("dimensions", "pricing_model", "hourly_zeros") if name in changes}
    own = {name: changes.pop(name) for name in SETTINGS.keys() & changes.keys()}
    settings = SealHoursSettings.from_env({**SETTINGS, "PRODUCTS": sold(**terms).to_json()} | own)
    made = seal.sealer(
        settings,
        ledger.dynamodb,
        count=lambda metric, number: COUNTED.update({metric: number}),
        clock=clock,
        pause=lambda _attempt: None,
    )
    client = changes.pop("client", made.client)
    return replace(made, client=client, planner=replace(made.planner, **changes))


def use(ledger: Ledger, hour: int = HOUR, **counted: str) -> MeteringRecord:
    return ledger.opened({(name, MONTH): Decimal(units) for name, units in counted.items()}, hour=hour)


def lines(ledger: Ledger, hour: int = HOUR) -> dict[str, Decimal]:
    return {name: line.quantity for name, line in ledger.record(hour=hour).lines.items()}
