"""make check and make smoke on the deployed stage, each by a user with the rights of its policy and no others."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.__main__ import app
from local.cloud import LocalSession
from local.replay.buyers import Buyer
from local.stage import LocalStage
from runtime.clock import OFFSET_VARIABLE
from stacks.synth import ROOT
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

LINES = list[dict[str, str]]


@dataclass(frozen=True)
class Told:
    """What a command said. lines: about → line."""

    exit_code: int
    lines: LINES

    def of(self, state: str) -> list[str]:
        return [line["about"] for line in self.lines if line["state"] == state]

    def line(self, about: str) -> dict[str, str]:
        (line,) = [line for line in self.lines if line["about"].startswith(about)]
        return line


def user(stage: LocalStage, policy: str) -> LocalSession:
    """An IAM user with that policy of docs/ alone."""
    iam, name = stage.cloud.seller.client("iam"), policy.removesuffix(".json")
    iam.create_user(UserName=name)
    document = (ROOT / "docs" / policy).read_text(encoding="utf-8")
    iam.put_user_policy(UserName=name, PolicyName="docs", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return LocalSession(stage.cloud.endpoint, stage.cloud.region, key["AccessKeyId"], key["SecretAccessKey"])


def run(stage: LocalStage, command: str, session: LocalSession, **environment: str) -> Told:
    credentials = session.get_credentials()
    assert credentials is not None
    logged_in = {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_ENDPOINT_URL": stage.cloud.endpoint,
        "AWS_ENDPOINT_URL_MARKETPLACE_CATALOG": stage.marketplace.url,
        "API_URL": stage.api.url,
        OFFSET_VARIABLE: str(stage.clock.file),
    }
    result = CliRunner().invoke(app, [command, "--stage", "local", "--json"], env=logged_in | environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return Told(result.exit_code, json.loads(result.output)["lines"])


@pytest.fixture(scope="module")
def check(stage: LocalStage) -> Callable[[], Told]:
    session = user(stage, "check-policy.json")
    return lambda: run(stage, "check", session)


@pytest.fixture(scope="module")
def smoke(stage: LocalStage) -> Callable[..., Told]:
    session = user(stage, "smoke-policy.json")
    return lambda **environment: run(stage, "smoke", session, **environment)


@pytest.fixture
def listing(stage: LocalStage) -> Iterator[Callable[..., Any]]:
    """Changes what the listing says; afterwards it is as the stage has it."""
    own = f"{stage.outputs['YawlMetering-local-Doors']['ApiUrl']}register"

    def change(**more: str) -> None:
        stage.marketplace.change_listing(stage.product_code, **({"fulfilmentUrl": own, "visibility": "Public"} | more))

    yield change
    change(title="A product", entityType="SaaSProduct")


def test_the_first_line_says_that_this_is_not_aws(check: Callable[[], Told]) -> None:
    first = check().lines[0]
    assert first["about"] == "endpoint" and "AWS_ENDPOINT_URL=http://127.0.0.1" in first["says"]


def test_with_a_fitting_listing_only_the_paused_schedules_are_red(
    check: Callable[[], Told], listing: Callable[..., Any], acting: Acting
) -> None:
    listing(title="YAWL as a service")
    told = check()
    assert all(about.startswith(("schedule", "queue")) for about in told.of("red")), told.lines
    paused = acting.stage.cloud.seller.client("scheduler").list_schedules()["Schedules"]
    assert len([about for about in told.of("red") if about.startswith("schedule")]) == len(paused), told.lines
    assert told.exit_code == 1
    # a stage of the local cloud names no account and nobody to wake
    assert set(told.of("yellow")) == {"endpoint", "account", "alarms.page", "alarms.ticket"}
    assert "YAWL as a service" in told.line("product")["says"]
    stacks = [about for about in told.of("green") if about.startswith("stack ")]
    subscriptions = [about for about in told.of("green") if about.startswith("subscription ")]
    assert (len(stacks), len(subscriptions)) == (9, 3)
    for dimension in (*acting.stage.settings.dimensions, *(tier.name for tier in acting.stage.product.tiers)):
        assert f"dimension {dimension}" in told.of("green")


def test_what_the_listing_has_otherwise_is_red_by_name(
    check: Callable[[], Told], listing: Callable[..., Any], acting: Acting
) -> None:
    listing(visibility="Draft", fulfilmentUrl="https://elsewhere.example.org/register")
    red = check().of("red")
    assert {"visibility", "fulfilment URL"} <= set(red)
    listing(entityType="ContainerProduct")
    told = check()
    assert "ContainerProduct" in told.line("product")["says"]
    assert "pricing model" not in [line["about"] for line in told.lines]


def test_check_changes_nothing(check: Callable[[], Told], acting: Acting) -> None:
    before, runs, metered = acting.stored(), acting.runs(), acting.calls()
    check()
    assert (acting.stored(), acting.runs(), acting.calls()) == (before, runs, metered)


def test_smoke_only_reads_unless_it_is_told_to_write(smoke: Callable[..., Told], acting: Acting) -> None:
    before, runs = acting.stored(), acting.runs()
    told = smoke()
    assert (acting.stored(), acting.runs()) == (before, runs)
    assert all(about.startswith("schedule") for about in told.of("red")), told.lines
    assert told.of("yellow") == ["endpoint"]
    green = told.of("green")
    assert {"GET /health", "fulfilment page", "alarms", "hourly metering", "final metering", "writing"} <= set(green)
    assert {"unsigned GET /subscribers", "signed GET /subscribers of nobody"} <= set(green)
    assert len([about for about in green if about.startswith("queue ")]) > 10


def test_a_live_stage_is_not_written_to_for_a_buyer_who_is_no_test_buyer(
    smoke: Callable[..., Told], acting: Acting, buyer: Buyer
) -> None:
    before, runs = acting.stored(), acting.runs()
    told = smoke(WRITE="1", TEST_BUYER=buyer.customer_identifier)
    assert "nothing was written" in told.line("writing")["says"] and "writing" in told.of("red")
    assert (acting.stored(), acting.runs()) == (before, runs)


def test_an_event_by_each_door_is_recorded_taken_back_and_never_billed(
    smoke: Callable[..., Told], acting: Acting, buyer: Buyer
) -> None:
    told = smoke(WRITE="1", TEST_BUYER=buyer.customer_identifier, YES="1")
    assert all(about.startswith("schedule") for about in told.of("red")), told.lines
    assert {"POST /usage", "usage queue", "one run of hourly metering"} <= set(told.of("green"))
    assert len([about for about in told.of("green") if about.startswith("taking back smoke-")]) == 2
    summary = told.line("one run of hourly metering")["says"].removeprefix("succeeded: ")
    assert isinstance(json.loads(summary), dict)
    acting.close_hour()
    acting.meter_at_once()
    assert acting.billed(buyer) == {}


def test_rights_that_are_missing_make_a_line_unknown_and_not_wrong(stage: LocalStage, acting: Acting) -> None:
    powerless = stage.cloud.accounts.api_caller("looks-at-nothing", acting.doors["RestApiId"])
    told = run(stage, "check", powerless)
    assert all("docs/check-policy.json" in line["remedy"] for line in told.lines if "may not ask" in line["says"])
    assert {"API Gateway's log role", "bootstrap", "stacks", "schedules"} <= set(told.of("yellow"))
