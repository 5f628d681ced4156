"""Every rule has to hold over HTTP and in process."""

import pytest

from tests.marketplace_local.market import Market


@pytest.fixture
def market(either_market: Market) -> Market:
    return either_market
