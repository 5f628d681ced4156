"""Tests of the deployed stage share it: each makes buyers of its own and leaves no fault armed."""

from collections.abc import Iterator

import pytest

from local.replay.buyers import Buyer
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
    _acting.stage.dynamodb_faults.disarm()
    assert marketplace.summary()["billedTwice"] == 0


@pytest.fixture(scope="module")
def buyer(_acting: Acting) -> Buyer:
    """Active: whatever is refused is refused for itself."""
    return _acting.arrive(1)[0]


@pytest.fixture
def nothing_stored(acting: Acting, buyer: Buyer) -> Iterator[None]:
    """Fails if a test of refusals changes an item of any table."""
    before = acting.stored()
    assert before["yawl-subscribers"], "the buyer at least is stored"
    yield
    assert acting.stored() == before
