"""What merging is for: write units of the metering system per call of the app, counted on its own requests.

A write of an item below 1 KB in a transaction takes 2 units (DynamoDB's capacity rules).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client.usage_api import UsageApi
from usage.handlers import usage as handlers
from yawl_metering import Settings, UsageClient

UNITS = 2


@pytest.fixture
def units(api: UsageApi) -> Callable[[], int]:
    """Units since it was last asked."""
    written: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        written.append(UNITS * len(params["TransactItems"]))

    botocores: Any = handlers.stores().client
    events = botocores._client.meta.events
    name = "provide-client-params.dynamodb.TransactWriteItems"
    events.register(name, note)

    def taken() -> int:
        total = sum(written)
        written.clear()
        return total

    return taken


@pytest.fixture
def client(api: UsageApi, tmp_path: Path) -> Any:
    with UsageClient.for_api("app", api.url, tmp_path, settings=Settings(flush_interval=300)) as made:
        made.record_api_calls("l-1")  # the first of an hour also creates its record
        made.flush()
        yield made


def test_a_hundred_calls_cost_one_event(client: UsageClient, units: Callable[[], int], api: UsageApi) -> None:
    units()
    # Calls of two slots are two events, so there is one more if the interval ends just now.
    for _ in range(200):
        client.record_api_calls("l-1")
    assert client.flush() is True
    assert api.counted()["l-1"] == 201
    assert 0 < units() / 200 <= 0.04


def test_a_full_batch_costs_half_of_that(client: UsageClient, units: Callable[[], int], api: UsageApi) -> None:
    units()
    for number in range(100):
        for _ in range(100):
            client.record_api_calls("l-1", tags={"team": str(number)})
    assert client.flush() is True
    assert api.counted()["l-1"] == 10_001
    assert 0 < units() / 10_000 <= 0.0215 * 2
