"""One local Marketplace for all tests, empty at the start of each, with boto3 clients of it and a clock that is set."""

from collections.abc import Callable, Iterator

import pytest

from marketplace_local.server import LocalMarketplace
from tests.marketplace_local.market import NOW, Market, SetClock, Ticks, Transport


@pytest.fixture(scope="session")
def _transports() -> Iterator[dict[Transport, Market]]:
    clock, ticks = SetClock(), Ticks()
    with LocalMarketplace(now=clock, monotonic=ticks) as server:
        yield {
            "http": Market(server, clock, ticks, "http"),
            "in process": Market(server, clock, ticks, "in process"),
        }


@pytest.fixture
def open_market(_transports: dict[Transport, Market]) -> Callable[[Transport], Market]:
    """Opens an empty Marketplace with one product, at NOW, over the given transport."""

    def opened(transport: Transport) -> Market:
        market = _transports[transport]
        market.clock.moment = NOW
        market.ticks.step = 1.0
        market.server.reset()
        market.product()
        return market

    return opened


@pytest.fixture
def market(open_market: Callable[[Transport], Market]) -> Market:
    """Over HTTP."""
    return open_market("http")


@pytest.fixture(params=["http", "in process"])
def either_market(request: pytest.FixtureRequest, open_market: Callable[[Transport], Market]) -> Market:
    """Over HTTP and in process, one after the other."""
    return open_market(request.param)
