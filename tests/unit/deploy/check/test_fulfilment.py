"""The listing sends buyers to the stage's page, which answers."""

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError

from deploy import api_door
from deploy.api_door import Answer
from deploy.check.fulfilment import listed_line, page_line, page_lines
from deploy.deployed_stage import DeployedStage
from deploy.line import State
from tests.unit.deploy.targets import stage, target, there

OWN = "https://abc.execute-api.us-east-1.amazonaws.com/v1/register"
ELSEWHERE = "https://other.example.org/register"


@pytest.mark.parametrize(
    ("mode", "listed", "own", "state"),
    [
        ("live", [OWN], OWN, State.GREEN),
        ("live", [ELSEWHERE, OWN], OWN, State.GREEN),
        ("live", [ELSEWHERE], OWN, State.RED),
        ("live", [], OWN, State.RED),
        # Marketplace posts to the very address
        ("live", [f"{OWN}/"], OWN, State.RED),
        # A listing sends buyers to one address, the live stage's.
        ("dry-run", [ELSEWHERE], OWN, State.YELLOW),
        ("dry-run", [], OWN, State.RED),
        ("live", [ELSEWHERE], None, State.YELLOW),
    ],
)
def test_the_listing_sends_buyers_to_the_live_stage(
    mode: str, listed: list[str], own: str | None, state: State
) -> None:
    line = listed_line(stage(metering_mode=mode), listed, own)
    assert line.state is state
    assert state is not State.RED or OWN in line.remedy


@pytest.mark.parametrize(
    ("url", "status", "state"),
    [
        (OWN, 200, State.GREEN),
        (OWN, 403, State.RED),
        (OWN, 301, State.RED),
        (OWN, None, State.RED),
        (OWN.replace("https", "http"), 200, State.RED),
        ("http://127.0.0.1:4566/v1/register", 200, State.GREEN),
    ],
)
def test_the_page_answers_over_https(url: str, status: int | None, state: State) -> None:
    assert page_line(url, status).state is state


def deployed(url: str = "https://abc.execute-api.us-east-1.amazonaws.com/v1/") -> DeployedStage:
    found = DeployedStage(target=target())
    found.__dict__["stacks"] = (there("Doors", outputs={"ApiUrl": url}),)
    return found


def test_a_page_that_does_not_answer_is_red_and_not_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(request: object) -> Answer:
        raise EndpointConnectionError(endpoint_url=OWN)

    monkeypatch.setattr(api_door, "_send", nothing)
    (line,) = page_lines(deployed())
    assert line.state is State.RED and OWN in line.says


def test_a_stage_that_is_not_deployed_has_no_page_yet() -> None:
    found = DeployedStage(target=target())
    found.__dict__["stacks"] = ()
    assert list(page_lines(found)) == []


def test_buyers_are_sent_to_the_stack_s_address_whatever_the_api_s_address_from_here() -> None:
    found = deployed("https://metering.yawl-vendor.com/")
    assert found.named_url == found.api_url == "https://metering.yawl-vendor.com"
    assert deployed().named_url == "https://abc.execute-api.us-east-1.amazonaws.com/v1"
    through = replace(found, api_address="http://127.0.0.1:1/v1/")
    through.__dict__["stacks"] = found.stacks
    assert (through.named_url, through.api_url) == ("https://metering.yawl-vendor.com", "http://127.0.0.1:1/v1")
