"""A run with a living engine looks at that engine first: a fault is one line, before anything is deployed."""

import pytest

from local.replay.living_engine import EngineRefuses, LivingEngine
from local.yawl_engine import StandInEngine


def fault(address: str, user: str = "admin", password: str = "YAWL") -> str:
    with pytest.raises(EngineRefuses) as refused:
        LivingEngine(address, user, password).check()
    return str(refused.value)


def test_an_engine_that_lets_the_account_in_is_good() -> None:
    with StandInEngine() as yawl:
        LivingEngine(yawl.url, "admin", "YAWL").check()


def test_account_and_password_are_named() -> None:
    with StandInEngine() as yawl:
        for user, password in (("admin", "wrong"), ("nobody", "YAWL")):
            found = fault(yawl.url, user, password)
            assert found.startswith(f"the engine does not let {user} in: ")
            assert found.endswith(": correct ENGINE_USER or ENGINE_PASSWORD")
            assert "<" not in found


def test_addresses_without_an_engine_are_named() -> None:
    with StandInEngine() as yawl:
        assert "is no YAWL engine's (HTTP 404): ENGINE names" in fault(yawl.url.removesuffix("/yawl"))
        yawl.stop()
        assert f"{yawl.url} does not answer: start the engine" in fault(yawl.url)
    assert "is no address: ENGINE names its web application" in fault("127.0.0.1:8080/yawl")
