"""The room, for each test with tables of its own. ``integration`` and ``notices_of`` may be parametrized."""

from collections.abc import Iterator

import pytest

from subscription import api, handlers
from tests.unit.moto_tables import tables
from tests.unit.subscription.room import Room, environment


@pytest.fixture
def integration() -> str:
    return "mixed"


@pytest.fixture
def notices_of() -> str:
    return "all"


@pytest.fixture
def room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], integration: str, notices_of: str
) -> Iterator[Room]:
    with tables(monkeypatch) as (subscribers, notices):
        settings = environment(subscribers, notices, integration=integration, notices_of=notices_of)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        handlers.notice_desk.cache_clear()
        api.subscribers.cache_clear()
        yield Room(subscribers, notices, capsys)
