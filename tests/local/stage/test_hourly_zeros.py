"""Hourly zeros on the deployed stage: its functions with the environment that a stage with ``hourlyZeros`` deploys."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from ledger.metering_record import from_item
from marketplace.products import Products
from runtime.settings import PutZeroRecordsSettings, SealHoursSettings
from tests.local.stage.accounts import USED, billed_all, times, use
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

SETTING = "PRODUCTS"
#: the functions that a stage tells of its zeros, by their settings' own declaration
TOLD: dict[str, Any] = {"putzerorecords": PutZeroRecordsSettings, "sealhours": SealHoursSettings}


@pytest.fixture
def hourly_zeros(acting: Acting) -> Iterator[Callable[[str], None]]:
    """Sets it, as a deployment of a changed stage file would: a version of each function, and one of the machine that
    names them, to which the alias goes. Afterwards the alias is where it was.
    """
    functions: Any = acting.stage.cloud.seller.client("lambda")
    states: Any = acting.stage.cloud.seller.client("stepfunctions")
    machine, alias = acting.stage.state_machine_arn, acting.stage.started_arn
    before = states.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"]
    definition = states.describe_state_machine(stateMachineArn=machine)["definition"]
    deployed = [f for page in functions.get_paginator("list_functions").paginate() for f in page["Functions"]]
    told = {
        f["FunctionArn"]: f["Environment"]
        for f in deployed
        if SETTING in f["Environment"]["Variables"] and any(part in f["FunctionArn"].lower() for part in TOLD)
    }
    assert len(told) == len(TOLD)
    for part, settings in TOLD.items():
        (variables,) = [e["Variables"] for arn, e in told.items() if part in arn.lower()]
        assert [each.zeros for each in Products.from_json(settings.from_env(variables).PRODUCTS)] == [()]

    def set_to(value: str) -> None:
        changed = definition
        for arn, environment in told.items():
            (product,) = Products.from_json(environment["Variables"][SETTING])
            variables = {
                **environment["Variables"],
                SETTING: Products((replace(product, hourly_zeros=value),)).to_json(),
            }
            functions.update_function_configuration(FunctionName=arn, Environment={"Variables": variables})
            version = functions.publish_version(FunctionName=arn)["Version"]
            changed, replaced = re.subn(rf"{re.escape(arn)}:\d+", f"{arn}:{version}", changed)
            assert replaced, f"the machine names no version of {arn}"
        published = states.update_state_machine(stateMachineArn=machine, definition=changed, publish=True)
        route = {"stateMachineVersionArn": published["stateMachineVersionArn"], "weight": 100}
        states.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=[route])

    yield set_to
    states.update_state_machine(stateMachineArn=machine, definition=definition)
    states.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=before)
    for arn, environment in told.items():
        functions.update_function_configuration(FunctionName=arn, Environment=environment)


def zeros(acting: Acting, hour: str) -> dict[str, set[str]]:
    """Dimensions for which Marketplace took a quantity of 0 in that hour, by buyer."""
    found: dict[str, set[str]] = {}
    for line in acting.stage.marketplace.accepted():
        if line["hour"] == hour and not Decimal(line["quantity"]):
            found.setdefault(line["buyer"], set()).add(line["dimension"])
    return found


def test_a_customer_without_usage_is_billed_zero(acting: Acting, hourly_zeros: Callable[[str], None]) -> None:
    idle, busy, gone = buyers = acting.arrive(3)
    acting.pass_minutes(1)
    hour = use(acting, busy)
    acting.leave(gone)
    acting.close_hour()
    hourly_zeros("every")
    summary = acting.stage.meter()
    assert (summary["pendingHours"], summary["fault"]) == (0, None)
    # usage takes the hour's place, and one of them was not active at the hour's end
    taken = zeros(acting, hour)
    assert [taken.get(buyer.customer_identifier, set()) for buyer in buyers] == [set(USED), set(), set()]
    assert acting.verdicts(idle) == {(hour, name): "billed" for name in USED}
    before = len(acting.calls())
    acting.stage.meter()
    assert len(acting.calls()) == before, "each hour has its zeros once"
    billed_all(acting, times(1, busy), busy)


def test_an_undelivered_zero_raises_no_alarm(acting: Acting, hourly_zeros: Callable[[str], None]) -> None:
    (idle,) = acting.arrive(1)
    hour = acting.hour
    acting.stage.marketplace.arm(
        "error", error="InvalidUsageDimensionException", buyer=idle.customer_identifier, dimension="worklet_invocations"
    )
    acting.close_hour()
    hourly_zeros("worklet_invocations")
    known = acting.stage.meter()["failedLines"]
    assert acting.verdicts(idle) == {(hour, "worklet_invocations"): "rejected"}
    hourly_zeros("off")
    acting.pass_minutes(24 * 60)
    assert acting.stage.meter()["failedLines"] == known
    items = acting.stage.items(tables.METERING_RECORDS)
    (record,) = [from_item(item) for item in items if item["customerIdentifier"] == idle.customer_identifier]
    assert record.lines["worklet_invocations"].verdict == "expired"
    assert (record.pending, record.marked_failed) == (None, False)
