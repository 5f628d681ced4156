"""README's and docs/deploy.md's commands, run as they stand on a fresh clone with the CDK's own command line.

Each step is a fixture that rests on the one before, so that any part of this can be run by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from deploy.assembly import Assembly
from deploy.release import let_deployed_versions_live
from deploy.target import Target
from local.cloud import SELLER_ACCOUNT
from local.stage import LocalStage
from stacks import stage as stages
from tests.local.deploy.clone import Clone, Ended
from tests.local.deploy.command_blocks import PAGES, tried, untried
from tests.local.deploy.conftest import EmptyAccount
from tests.local.deploy.stage_in_account import StageInAccount
from tests.local.stage.acting import Acting

BLOCKS = tried()
ADDED = """
[dimensions.reports_written]
unit = "report"
aggregation = "sum"
"""
STACKS = {f"YawlMetering-dev-{name}" for name in ("Data", "Doors", "Metering", "Watch", "Yawl")}


def statuses(account: EmptyAccount) -> dict[str, str]:
    stacks = account.cloud.seller.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in stacks if stack["StackName"] in STACKS}


def live_versions(account: EmptyAccount) -> dict[str, str]:
    """Version that each alias ``live`` names, of functions and of workflows, by function or workflow."""
    functions = account.cloud.seller.client("lambda")
    workflows = account.cloud.seller.client("stepfunctions")
    found = {}
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["FunctionName"]
            found[name] = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    for machine in workflows.list_state_machines()["stateMachines"]:
        alias = workflows.describe_state_machine_alias(stateMachineAliasArn=f"{machine['stateMachineArn']}:live")
        (route,) = alias["routingConfiguration"]
        found[machine["name"]] = route["stateMachineVersionArn"].rsplit(":", 1)[-1]
    return found


@pytest.fixture(scope="module")
def told(clone: Clone) -> Ended:
    """``make check`` on an account in which nothing is prepared."""
    return clone.run(BLOCKS["check"])


@pytest.fixture(scope="module")
def failed(told: Ended, clone: Clone) -> Ended:
    """README's block, before the product's topics exist."""
    return clone.run(BLOCKS["first"])


@pytest.fixture(scope="module")
def failed_states(failed: Ended, account: EmptyAccount) -> dict[str, str]:
    return statuses(account)


@pytest.fixture(scope="module")
def deployed(failed_states: dict[str, str], account: EmptyAccount, clone: Clone) -> Ended:
    """The same again, once they exist."""
    settings = stages.load("dev", folder=clone.folder / "stages")
    (product,) = settings.products
    account.marketplace.create_product(
        product.code,
        [*product.dimensions, "reports_written"],
        integration=product.integration,
        contract_dimensions=[tier.name for tier in product.tiers],
        region=settings.region,
    )
    account.cloud.marketplace.create_topics(product.code)
    return clone.run(BLOCKS["again"])


@pytest.fixture(scope="module")
def acting(deployed: Ended, account: EmptyAccount, clone: Clone) -> Acting:
    assert deployed.code == 0, deployed.output[-3000:]
    settings = stages.load("dev", folder=clone.folder / "stages")
    stage: LocalStage = StageInAccount(
        cloud=account.cloud, marketplace=account.marketplace, clock=account.clock, settings=settings
    )
    return Acting(stage)


@dataclass(frozen=True)
class Changed:
    before: dict[str, str]
    ended: Ended
    after: dict[str, str]


@pytest.fixture(scope="module")
def changed(acting: Acting, account: EmptyAccount, clone: Clone) -> Changed:
    """A dimension is added to what is sold, and the stage deployed."""
    before = live_versions(account)
    file = clone.stage_file("product")
    file.write_text(file.read_text(encoding="utf-8") + ADDED, encoding="utf-8")
    return Changed(before, clone.run(BLOCKS["upgrade"]), live_versions(account))


@pytest.fixture(scope="module")
def rolled_back(changed: Changed, clone: Clone) -> Ended:
    assert changed.ended.code == 0, changed.ended.output[-3000:]
    return clone.run(BLOCKS["rollback"])


@pytest.fixture(scope="module")
def destroyed(account: EmptyAccount, rolled_back: Ended, clone: Clone) -> Iterator[Ended]:
    yield clone.run(BLOCKS["destroy"])


def test_every_command_that_reaches_into_an_account_is_tried_here() -> None:
    assert set(BLOCKS) == {"check", "first", "again", "smoke", "upgrade", "rollback", "destroy"}
    assert [block for page in PAGES for block in untried(page)] == []


def test_check_finds_what_the_first_deployment_will_fail_at(told: Ended) -> None:
    assert told.code != 0
    lines = told.output.splitlines()
    assert lines[0].startswith("? endpoint: another endpoint than AWS's own is in force"), lines
    red = [line for line in lines if line.startswith("✗ ")]
    assert any(line.startswith("✗ bootstrap in us-east-1") for line in red)
    assert len([line for line in red if line.startswith("✗ notice topic aws-mp-") and "is not there" in line]) == 2
    assert any(line.startswith("✗ product: the seller's account has no product of code") for line in red)
    assert "    → run `make bootstrap STAGE=dev`" in lines
    assert "✓ stacks: none yet: after `make deploy STAGE=dev` more is looked at" in lines
    assert "Traceback" not in told.output


def test_a_first_deployment_without_its_topics_fails_and_says_why(failed: Ended, failed_states: dict[str, str]) -> None:
    assert failed.code != 0
    assert "next: make deploy STAGE=dev" in failed.output, "bootstrapping worked"
    assert "Topic does not exist" in failed.output
    assert failed.output.count("✗ cdk deploy failed") == 1
    assert "Traceback" not in failed.output
    # Watch needs all others, and is not begun. Metering does not need Doors: it is whole, or not begun by then.
    metering = "YawlMetering-dev-Metering"
    assert failed_states.get(metering, "CREATE_COMPLETE") == "CREATE_COMPLETE"
    made = dict.fromkeys(STACKS - {"YawlMetering-dev-Watch", metering}, "CREATE_COMPLETE")
    others = {name: status for name, status in failed_states.items() if name != metering}
    assert others == made | {"YawlMetering-dev-Doors": "ROLLBACK_COMPLETE"}


def test_the_second_try_works_and_says_what_people_need_next(deployed: Ended, account: EmptyAccount) -> None:
    assert deployed.code == 0, deployed.output[-3000:]
    assert "YawlMetering-dev-Doors is ROLLBACK_COMPLETE" in deployed.output
    assert dict.fromkeys(STACKS, "CREATE_COMPLETE") == statuses(account)
    told = deployed.output[deployed.output.index("dev is deployed to account") :]
    for what in ("fulfilment URL", "UsageQueueUrl", "StateMachineAliasArn"):
        assert what in told


def test_what_was_deployed_meters_an_hour(acting: Acting) -> None:
    """Register, subscribe, use, meter: through the API and queues that the command line has made."""
    buyers = acting.arrive(2)
    hour = acting.hour
    acting.record(*(acting.event(buyer, "workflow_executions", 20) for buyer in buyers))
    acting.close_hour()
    acting.stage.meter()
    billed = {key: int(quantity) for key, quantity in acting.billed(*buyers).items()}
    # The basic tier includes 5, the professional one 10.
    assert billed == {
        (buyers[0].customer_identifier, hour, "workflow_executions"): 15,
        (buyers[1].customer_identifier, hour, "workflow_executions"): 10,
    }


def test_after_the_deployment_only_what_is_left_to_do_is_red(
    acting: Acting, account: EmptyAccount, clone: Clone
) -> None:
    reached = {"API_URL": acting.stage.api.url}
    checked = clone.run(BLOCKS["check"], **reached)
    assert checked.code != 0
    assert [line.split(":")[0] for line in checked.output.splitlines() if line.startswith("✗")] == ["✗ fulfilment URL"]
    own = f"{acting.doors['ApiUrl']}register"
    account.marketplace.change_listing(acting.stage.product_code, fulfilmentUrl=own)
    for command in ("check", "smoke"):
        ended = clone.run(BLOCKS[command], **reached)
        assert ended.code == 0, ended.output


def test_a_change_is_deployed_and_publishes_what_it_changed(changed: Changed, account: EmptyAccount) -> None:
    assert changed.ended.code == 0, changed.ended.output[-3000:]
    moved = {name for name, version in changed.after.items() if version != changed.before[name]}
    assert any("seal" in name for name in moved)
    assert len(moved) < len(changed.after), "functions that know no dimensions stay as they are"


def test_a_rollback_is_one_command_and_moves_what_the_change_has_moved(
    changed: Changed, rolled_back: Ended, account: EmptyAccount
) -> None:
    assert rolled_back.code == 0, rolled_back.output[-3000:]
    assert live_versions(account) == changed.before


def test_after_a_rollback_hours_are_metered(rolled_back: Ended, acting: Acting) -> None:
    (buyer,) = acting.arrive(1)
    hour = acting.hour
    acting.record(acting.event(buyer, "workflow_executions", 8))
    refused = acting.send(acting.event(buyer, "reports_written"))
    assert [verdict["reason"] for verdict in refused] == ["unknown_dimension"], "the code of before is live"
    acting.close_hour()
    acting.stage.meter()
    assert {key[1:]: int(units) for key, units in acting.billed(buyer).items()} == {(hour, "workflow_executions"): 3}


def test_deploying_the_same_after_a_rollback_leads_forward_again(
    changed: Changed, rolled_back: Ended, account: EmptyAccount, clone: Clone
) -> None:
    """What ``make deploy`` does once CloudFormation has found nothing to change."""
    settings = stages.load("dev", folder=clone.folder / "stages")
    target = Target(stage=settings, account=SELLER_ACCOUNT, session=account.deployer, reached_at=datetime.now(UTC))
    said: list[str] = []
    let_deployed_versions_live(target, Assembly(clone.folder / "build" / "cdk.out-dev"), said.append)
    assert live_versions(account) == changed.after
    assert said and all("live again is version 2, after 1" in line for line in said)


def test_a_stage_that_does_not_keep_its_data_is_destroyed(destroyed: Ended, account: EmptyAccount) -> None:
    assert destroyed.code == 0, destroyed.output[-3000:]
    assert statuses(account) == {}
    assert account.cloud.seller.client("dynamodb").list_tables()["TableNames"] == []
    assert "dev is removed" in destroyed.output
