"""The deployed schedule starts the workflow: its target, really fired, and what its role may do."""

import json
from typing import Any

import pytest

from local.engine_connection import store_password
from local.engine_trial import PASSWORD
from tests.local.stage.acting import Acting, wait_until

pytestmark = [pytest.mark.local, pytest.mark.timeout(400)]

#: the emulator looks for due schedules every 10 seconds
FIRES_WITHIN = 22.0


def test_the_schedule_meters_the_hour_by_itself(acting: Acting) -> None:
    (buyer,) = acting.arrive(1)
    acting.record(acting.event(buyer, quantity=8))
    hour = acting.hour
    acting.close_hour()
    scheduler = acting.stage.cloud.seller.client("scheduler")
    outputs = acting.stage.outputs["YawlMetering-local-Metering"]
    deployed = scheduler.get_schedule(GroupName=outputs["ScheduleGroupName"], Name=outputs["ScheduleName"])
    delay = acting.stage.settings.seal_delay_minutes
    assert deployed["ScheduleExpression"] == f"cron({delay} * * * ? *)"
    assert deployed["ScheduleExpressionTimezone"] in ("UTC", "Etc/UTC")
    assert deployed["FlexibleTimeWindow"] == {"Mode": "OFF"}
    known = acting.runs()
    acting.schedule_once("once-soon", outputs["ScheduleGroupName"], deployed["Target"])
    wait_until(lambda: bool(acting.runs() - known), "the schedule has started an execution", timeout=FIRES_WITHIN)
    (arn,) = acting.runs() - known
    run = acting.end_run(arn)
    assert (run["status"], json.loads(run["input"])) == ("SUCCEEDED", {}), run
    assert acting.billed(buyer) == {(buyer.customer_identifier, hour, "workflow_executions"): 3}


def test_the_schedules_role_may_start_the_workflow_and_nothing_else(acting: Acting) -> None:
    seller = acting.stage.cloud.seller
    outputs = acting.stage.outputs["YawlMetering-local-Metering"]
    machine, dead_letters = acting.stage.state_machine_arn, outputs["ScheduleDeadLettersUrl"].rsplit("/", 1)[-1]
    account, region = machine.split(":")[4], machine.split(":")[3]
    iam = seller.client("iam")
    for name in (outputs["ScheduleName"], outputs["MonthEndScheduleName"]):
        target = seller.client("scheduler").get_schedule(GroupName=outputs["ScheduleGroupName"], Name=name)["Target"]
        assert target["Arn"] == acting.stage.started_arn == f"{machine}:live"
        role = target["RoleArn"]
        trust: Any = iam.get_role(RoleName=role.rsplit("/", 1)[-1])["Role"]["AssumeRolePolicyDocument"]
        services = {statement["Principal"]["Service"] for statement in trust["Statement"]}
        assert services == {"scheduler.amazonaws.com"}
        asked = [
            ("states:StartExecution", machine),
            ("sqs:SendMessage", f"arn:aws:sqs:{region}:{account}:{dead_letters}"),
            ("states:StartExecution", f"{machine}-other"),
            ("states:StopExecution", machine),
            ("lambda:InvokeFunction", f"arn:aws:lambda:{region}:{account}:function:any"),
        ]
        decisions = [
            iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource])[
                "EvaluationResults"
            ][0]["EvalDecision"]
            for action, resource in asked
        ]
        assert decisions == ["allowed", "allowed", "implicitDeny", "implicitDeny", "implicitDeny"], name


def test_each_other_schedule_calls_its_function_with_its_own_role(acting: Acting) -> None:
    """And none with a role that has no rights: a run that such a schedule would start does not begin."""
    # The engine's function asks for it, and IAM lets nobody ask for a secret that is not there.
    store_password(acting.stage, PASSWORD)
    scheduler = acting.stage.cloud.seller.client("scheduler")
    deployed = [
        scheduler.get_schedule(Name=entry["Name"], GroupName=entry["GroupName"])
        for entry in scheduler.list_schedules()["Schedules"]
    ]
    calls = {each["Target"]["Arn"]: each for each in deployed if each["Target"]["Arn"].split(":")[2] == "lambda"}
    assert len(calls) == 6, "a schedule calls another function: look whether it is called here"
    (hourly,) = {each["Target"]["Arn"] for each in deployed} - set(calls)
    before, known = {arn: acting.said(arn) for arn in calls}, acting.runs()
    iam = acting.stage.cloud.seller.client("iam")
    trust = [{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    powerless = iam.create_role(RoleName="schedules-nothing", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for number, each in enumerate(calls.values()):
        foreign: Any = {**each["Target"], "Arn": hourly, "RoleArn": powerless}
        acting.schedule_once(f"foreign-{number}", each["GroupName"], foreign)
        acting.schedule_once(f"own-{number}", each["GroupName"], each["Target"])
    wait_until(
        lambda: all(acting.said(arn) != before[arn] for arn in calls),
        "each function was called",
        # After a test that passed days the comparisons have as many hours to go through, and log at their end.
        timeout=280,
    )
    assert acting.runs() == known
