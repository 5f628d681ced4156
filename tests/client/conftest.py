"""Processes on one directory, with a door that counts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.app import App, Clock
from tests.client.door import Door
from tests.client.usage_api import ENVIRONMENT, UsageApi, serving
from tests.contracts.stores import Ledger
from tests.contracts.stores import ledger as new_ledger


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The spool's directory."""
    return tmp_path / "spool"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_app(root: Path, door: Door, clock: Clock) -> Callable[..., App]:
    def make(**settings: Any) -> App:
        return App(root, door, clock, **settings)

    return make


@pytest.fixture
def app(new_app: Callable[..., App]) -> App:
    return new_app()


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with new_ledger() as made:
        yield made


@pytest.fixture
def api(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[UsageApi]:
    """The real usage API, empty."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with serving(ledger.clear(), monkeypatch) as server:
        yield server
