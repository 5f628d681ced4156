"""Every rule is tested over HTTP and in process: both are the same rules."""

import pytest

from tests.marketplace_local.market import Market


@pytest.fixture
def market(either_market: Market) -> Market:
    return either_market
