"""A log gateway for each test."""

from collections.abc import Iterator

import pytest

from tests.unit.yawl.log.log_gateway import LogGateway, served


@pytest.fixture
def gateway() -> Iterator[LogGateway]:
    with served() as gateway:
        yield gateway
