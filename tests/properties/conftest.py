import logging
from collections.abc import Iterator

import pytest

from tests.scenarios.world import START
from tests.simulation.new_protocol import protocol
from tests.simulation.protocol import Protocol


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    """No waiting between attempts: what is tested here does not rest on it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setattr("runtime.pause.LONGEST", 0.0)
        yield


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def world() -> Iterator[Protocol]:
    with protocol(now=START) as made:
        yield made
