"""A new world with actors: empty tables, an empty Marketplace, and nothing that depends on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from marketplace_local.in_process import InProcessAdmin
from marketplace_local.server import LocalMarketplace
from marketplace_local.state import MarketplaceState
from tests.scenarios.world import DIMENSIONS, PRODUCT
from tests.simulation.determinism import Sources, one_seed
from tests.simulation.protocol import Protocol

#: By the number of shards: the index's values that find-due asks for; fewer than the real 18, to spend steps better.
PENDING_VALUES = {1: ("true", "held"), 2: ("true", "true#0", "true#1", "held")}


def new_protocol(
    sources: Sources, *, identical_resend: str = "Success", usage_after_end: str = "Success", **values: Any
) -> Protocol:
    """values: fields of ``Protocol``; the others are settings of the local Marketplace."""
    sources.pending_values = PENDING_VALUES[values.get("shards", 1)]
    holder: dict[str, Protocol] = {}
    state = MarketplaceState(now=lambda: holder["world"].now if holder else values["now"])
    admin = InProcessAdmin(state)
    admin.create_product(
        PRODUCT, values.get("dimensions", DIMENSIONS), integration="mixed", contract_dimensions=["basic", "pro"]
    )
    admin.set_settings(callsPerSecond=0, identicalResend=identical_resend, usageAfterEnd=usage_after_end)
    world = holder["world"] = Protocol(admin, cast(LocalMarketplace, None), **values)
    sources.now, sources.sleep, sources.chance = world.clock, world.sleep, world.chance
    return world


@contextmanager
def protocol(**values: Any) -> Iterator[Protocol]:
    with one_seed() as sources:
        world = new_protocol(sources, **values)
        try:
            yield world
        finally:
            world.scheduler.end_all(finish=False)
