"""What most scenarios begin with: a new world, an active customer in it, and the queue that events may come by."""

from collections.abc import Iterator

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


@pytest.fixture
def door(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueDoor]:
    with mock_aws():
        yield QueueDoor(world, monkeypatch)
