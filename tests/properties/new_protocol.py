"""A new world with actors: empty tables, an empty Marketplace, no waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from moto import mock_aws

from local.marketplace.server import LocalMarketplace
from local.marketplace.state import MarketplaceState
from tests.properties.direct_marketplace import DirectAdmin
from tests.properties.protocol import Protocol
from tests.scenarios.world import DIMENSIONS, PRODUCT


@contextmanager
def protocol(**values: Any) -> Iterator[Protocol]:
    holder: dict[str, Protocol] = {}
    state = MarketplaceState(now=lambda: holder["world"].now if holder else values["now"])
    admin = DirectAdmin(state)
    admin.create_product(PRODUCT, DIMENSIONS, integration="mixed", contract_dimensions=["basic"])
    admin.set_settings(callsPerSecond=0, identicalResend=values.pop("identical_resend", "Success"))
    with mock_aws():
        holder["world"] = Protocol(admin, cast(LocalMarketplace, None), **values)
        try:
            yield holder["world"]
        finally:
            holder["world"].scheduler.end_all(finish=False)
