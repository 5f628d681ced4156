"""The log has details of an hour at DEBUG and not at INFO; never a token, nor a user's name."""

import json
from typing import Any

import pytest

from tests.scenarios.world import World

PERSON = "jane.doe@example.com"


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_details_of_an_hour_are_logged_at_debug(world: World, caplog: pytest.LogCaptureFixture, level: str) -> None:
    with caplog.at_level(level, logger="usage"), caplog.at_level(level, logger="metering"):
        customer = world.buyer()
        sent = world.event(customer, "e-1", dimension="active_users", user=PERSON)
        assert [verdict["verdict"] for verdict in world.report(sent)] == ["recorded"]
        world.next_run()
    told: dict[str, dict[str, Any]] = {record.getMessage(): vars(record) for record in caplog.records}
    assert ("routed" in told, "batch" in told) == (level == "DEBUG",) * 2
    assert PERSON not in json.dumps([vars(record) for record in caplog.records], default=str)
    if level == "DEBUG":
        routed, batch = told["routed"], told["batch"]
        assert (routed["customer"], routed["events"], routed["late"]) == (customer, 1, False)
        assert routed["hour"] in batch["hours"]
        assert (batch["customers"], batch["dimensions"]) == (1, ["active_users"])
