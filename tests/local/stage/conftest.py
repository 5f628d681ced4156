"""Tests of the deployed stage share it: each makes buyers of its own and leaves no fault armed."""

from collections.abc import Iterator

import pytest

from local.stage import LocalStage
from tests.local.stage.acting import Acting


@pytest.fixture(scope="session")
def _acting(stage: LocalStage) -> Acting:
    return Acting(stage)


@pytest.fixture
def acting(_acting: Acting) -> Iterator[Acting]:
    """What tests act with. After each, nothing may have been billed twice."""
    yield _acting
    marketplace = _acting.stage.marketplace
    marketplace.clear_faults()
    assert marketplace.summary()["billedTwice"] == 0
