"""Processes on a disk in memory, with a door that counts."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.client.app import App, Clock
from tests.client.crashing_disk import Machine
from tests.client.door import Door


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_app(machine: Machine, door: Door, clock: Clock) -> Callable[..., App]:
    def make(**settings: Any) -> App:
        return App(machine, door, clock, **settings)

    return make


@pytest.fixture
def app(new_app: Callable[..., App]) -> App:
    return new_app()
