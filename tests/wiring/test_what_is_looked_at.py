"""``make check`` and ``make smoke`` look at what the templates make."""

import pytest

from deploy.check.deployed import is_dead_letters, stacks_of
from deploy.check.quotas import reserved_by
from deploy.check.topics import topics_of
from deploy.deployed_stacks import Resource
from deploy.smoke.queues import senders_of
from tests.synthesized import Assembly, as_list, references


@pytest.fixture(params=["prod", "local", "abroad"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    found: Assembly = request.getfixturevalue(request.param)
    return found


def test_check_looks_for_all_stacks(assembly: Assembly) -> None:
    assert set(stacks_of(assembly.stage)) == {
        f"YawlMetering-{assembly.stage.name}-{name}" for name in assembly.stacks()
    }


def test_check_looks_into_every_queue_without_a_consumer(assembly: Assembly) -> None:
    mappings = assembly.properties("AWS::Lambda::EventSourceMapping")
    sources = {name for each in mappings for name in references(each["EventSourceArn"])}
    queues = [name for name, _ in assembly.resources("AWS::SQS::Queue")]
    # The vendor's app takes from its queue itself.
    unread = {name for name in set(queues) - sources if not name.startswith("AppQueue")}
    assert unread
    assert {name for name in queues if is_dead_letters(Resource("", name, "AWS::SQS::Queue", ""))} == unread


def test_check_looks_for_every_subscribed_topic(assembly: Assembly) -> None:
    subscriptions = assembly.properties("AWS::SNS::Subscription", stack="Doors")
    # A stage's own topic of mails is no topic of Marketplace.
    subscribed = [each["TopicArn"] for each in subscriptions if each["Protocol"] != "email"]
    assert set(topics_of(assembly.stage)) == set(subscribed)


def test_check_compares_the_reserved_concurrency_with_the_quota(assembly: Assembly) -> None:
    reserved = sum(each.get("ReservedConcurrentExecutions", 0) for each in assembly.properties("AWS::Lambda::Function"))
    assert 0 < reserved == reserved_by(assembly.stage)


@pytest.mark.parametrize("entitlements", [False, True])
def test_smoke_looks_for_the_services_that_notice_queues_let_in(assembly: Assembly, entitlements: bool) -> None:
    queue = "EntitlementQueue" if entitlements else "SubscriptionQueue"
    let_in = {
        service
        for policy in assembly.properties("AWS::SQS::QueuePolicy", stack="Doors")
        if any(each["Ref"].startswith(queue) and "DeadLetters" not in each["Ref"] for each in policy["Queues"])
        for statement in policy["PolicyDocument"]["Statement"]
        if "sqs:SendMessage" in as_list(statement["Action"])
        for service in as_list(statement["Principal"]["Service"])
    }
    assert senders_of(assembly.stage, entitlements=entitlements) == let_in


def with_schedules(assembly: Assembly) -> list[str]:
    found = [stack for stack in assembly.stacks() if assembly.properties("AWS::Scheduler::Schedule", stack=stack)]
    assert {"Archive", "Audit", "Metering"} <= set(found)
    return found


def test_all_schedules_are_in_their_stacks_group(assembly: Assembly) -> None:
    for stack in with_schedules(assembly):
        ((group, resource),) = assembly.resources("AWS::Scheduler::ScheduleGroup", stack=stack)
        name = resource["Properties"]["Name"]
        schedules = assembly.properties("AWS::Scheduler::Schedule", stack=stack)
        assert {each["GroupName"] for each in schedules} == {name}
        assert assembly.template(stack)["Outputs"]["ScheduleGroupName"]["Value"] in ({"Ref": group}, name)


def test_a_schedule_waits_for_its_group(assembly: Assembly) -> None:
    """CDK names the group by text: without the dependency Scheduler may be asked for a group that is not there yet."""
    for stack in with_schedules(assembly):
        ((group, _),) = assembly.resources("AWS::Scheduler::ScheduleGroup", stack=stack)
        for _, schedule in assembly.resources("AWS::Scheduler::Schedule", stack=stack):
            assert group in schedule["DependsOn"]


def test_names_that_check_and_smoke_look_up_are_outputs(assembly: Assembly) -> None:
    outputs = {stack: set(assembly.template(stack).get("Outputs", {})) for stack in ("Doors", "Metering")}
    assert outputs["Doors"] >= {"ApiUrl", "UsageQueueUrl", "SubscriptionQueueUrl", "EntitlementQueueUrl"}
    schedules = {"ScheduleName", "MonthEndScheduleName", "ScheduleGroupName"}
    assert outputs["Metering"] >= {"StateMachineArn", "StateMachineAliasArn", "FinalMeteringArn", *schedules}
