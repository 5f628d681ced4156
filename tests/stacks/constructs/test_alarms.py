"""Alarms that look at more than one resource: functions and their store, services, rules and schedules."""

from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler

from stacks.constructs.alarms.delivery import add_rule_alarms, add_schedule_alarms
from stacks.constructs.alarms.functions import add_function_alarms, canary_of
from stacks.constructs.alarms.notices import add_notice_alarms
from stacks.constructs.alarms.product import add_product_alarms
from stacks.constructs.alarms.store import add_store_alarms
from stacks.constructs.queues.notice_queue import NoticeQueue
from tests.stacks.constructs.conftest import Foreign


def test_functions_and_the_store_they_share(foreign: Foreign) -> None:
    alarms = foreign.alarms()
    functions = {f"f{number}": foreign.function(f"f{number}") for number in range(12)}
    add_function_alarms(
        alarms.below("Functions"), functions, refused_by_design={"f0": 7}, failing_by_design={}, often_called={"f2"}
    )
    store = alarms.below("Store")
    add_store_alarms(store, {"One": "one", "Two": "two"}, canary=canary_of(store, "f1", functions["f1"]))
    made = foreign.resources("AWS::CloudWatch::Alarm")
    # An alarm sums ten metrics at most; the share of failures of a function that is often called takes three.
    assert sorted(len(alarm["Metrics"]) for alarm in made if "Metrics" in alarm) == [1, 1, 1, 1, 2, 3, 11]
    assert len(foreign.resources("AWS::CloudWatch::CompositeAlarm")) == 3


def test_an_alarm_looks_at_the_metrics_of_its_functions_service(foreign: Foreign) -> None:
    desk, agreements, contracts = (
        foreign.function(service, f"{service}.handle") for service in ("desk", "agreements", "contracts")
    )
    alarms = foreign.alarms()
    late = add_notice_alarms(
        alarms.below("Notices"),
        subscriptions=agreements,
        entitlements=contracts,
        queues={"Some": NoticeQueue(foreign.stack, "Some", consumer=agreements)},
    )
    add_product_alarms(alarms.below("Product"), registration=desk, subscriptions=agreements, entitlements=contracts)
    assert (len(late), len(alarms.symptoms.groups)) == (1, 1)
    ours = [alarm for alarm in foreign.resources("AWS::CloudWatch::Alarm") if alarm.get("Namespace") == "Foreign"]
    assert {alarm["Dimensions"][0]["Value"] for alarm in ours} == {"desk", "agreements", "contracts"}


def test_twelve_metrics_of_rules_are_two_alarms_and_starts_are_two_more(foreign: Foreign) -> None:
    pattern = events.EventPattern(source=["foreign.source"])
    rules = [events.Rule(foreign.stack, f"Rule{number}", event_pattern=pattern) for number in range(6)]
    alarms = foreign.alarms()
    add_rule_alarms(alarms.below("Events"), rules)
    add_schedule_alarms(alarms.below("Starts"), scheduler.ScheduleGroup(foreign.stack, "Group"))
    assert len(foreign.resources("AWS::CloudWatch::Alarm")) == 4
