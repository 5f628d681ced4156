"""The engines: the stand-in always, and a living one where ``YAWL_ENGINE`` names it."""

import os
from collections.abc import Iterator

import pytest

from local.yawl_engine import StandInEngine
from local.yawl_engine.client import EngineClient, Uploaded
from tests.yawl_contract.listener import Listener

LIVING = os.environ.get("YAWL_ENGINE")
ENGINES = ["stand-in", *(["living"] if LIVING else [])]


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[EngineClient]:
    """An engine that forgets the suite in the end, its log aside."""
    if request.param == "living":
        assert LIVING is not None
        user, password = os.environ["YAWL_USER"], os.environ["YAWL_PASSWORD"]
        living = EngineClient(LIVING.rstrip("/"), user, password, os.environ.get("YAWL_RESOURCE") or None)
        yield living
        living.remove()
        return
    with StandInEngine() as stand_in:
        tested = EngineClient(stand_in.url, "admin", "YAWL", stand_in.resource_url)
        yield tested
        tested.remove()


@pytest.fixture(scope="session")
def listener(engine: EngineClient) -> Iterator[Listener]:
    """One for each engine."""
    with Listener() as running:
        yield running


@pytest.fixture(scope="module")
def done(engine: EngineClient) -> Uploaded:
    """A specification whose cases complete within their launch."""
    return engine.upload("done")


@pytest.fixture(scope="module")
def waits(engine: EngineClient) -> Uploaded:
    """A specification whose cases wait for a person."""
    return engine.upload("waits", "MeteringContractWaits")
