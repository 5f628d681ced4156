"""Fixtures of the scenarios: a new world, an active customer in it, and the queue through which events may come."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.scenarios.queue_door import QueueDoor
from tests.scenarios.recording import NOW
from tests.scenarios.world import World
from tests.scenarios.world import world as new_world


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as made:
        yield made


@pytest.fixture
def buyer(world: World) -> str:
    return world.buyer()


@pytest.fixture
def half_past_eight(world: World) -> None:
    """The running hour has begun, and the one before is over."""
    world.now = NOW


@pytest.fixture(scope="module")
def sqs() -> Iterator[Any]:
    """moto's SQS, once for a module, since its start takes most of a small test's time."""
    with mock_aws():
        yield boto3.client("sqs", region_name="us-east-1")


@pytest.fixture
def door(world: World, sqs: Any, monkeypatch: pytest.MonkeyPatch) -> QueueDoor:
    """The queue's door, with new queues."""
    return QueueDoor(world, sqs, monkeypatch)
