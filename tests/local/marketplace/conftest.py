"""One local Marketplace for all tests, empty at the start of each, with boto3 clients of it and a clock that is set."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.marketplace.server import LocalMarketplace
from tests.local.marketplace.market import NOW, Market, SetClock, Ticks


@pytest.fixture(scope="session")
def _running() -> Iterator[Market]:
    clock, ticks = SetClock(), Ticks()
    with LocalMarketplace(now=clock, monotonic=ticks) as server:
        options: dict[str, Any] = {
            "endpoint_url": server.url,
            "region_name": "us-east-1",
            "aws_access_key_id": "111122223333",
            "aws_secret_access_key": "local",
            "config": Config(retries={"total_max_attempts": 1}, read_timeout=10),
        }
        metering = boto3.client("meteringmarketplace", **options)
        yield Market(server, clock, ticks, metering, boto3.client("marketplace-entitlement", **options))


@pytest.fixture
def market(_running: Market) -> Market:
    """An empty Marketplace with one product, at NOW."""
    _running.clock.moment = NOW
    _running.ticks.step = 1.0
    _running.server.reset()
    _running.product()
    return _running
