"""Says in every run whether a living engine was asked."""

import pytest

from tests.yawl_contract.conftest import LIVING


def test_a_living_engine_is_asked_too() -> None:
    if not LIVING:
        pytest.skip("no living engine is given: make yawl-contract YAWL_ENGINE=http://… YAWL_USER=… YAWL_PASSWORD=…")
