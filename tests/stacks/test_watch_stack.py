"""Who is told of what."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.metric_names import NAMESPACE, EntitlementMetric, MeteringMetric, SubscriptionMetric
from tests.synthesized import Assembly, shipped

ALARM = "AWS::CloudWatch::Alarm"


def alarms(assembly: Assembly, metric: str) -> list[dict[str, Any]]:
    return [alarm for alarm in assembly.properties(ALARM) if alarm["MetricName"] == metric]


def imported(assembly: Assembly, value: dict[str, Any]) -> str:
    """The logical id behind what is looked up in another stack's outputs."""
    looked_up = value["Fn::GetStackOutput"]
    stack = looked_up["StackName"].rsplit("-", 1)[-1]
    reference = assembly.template(stack)["Outputs"][looked_up["OutputName"]]["Value"]
    return str(reference.get("Ref") or reference["Fn::GetAtt"][0])


def test_every_queue_that_nobody_takes_from_has_an_alarm(prod: Assembly) -> None:
    watched = {
        imported(prod, dimension["Value"])
        for alarm in alarms(prod, "ApproximateNumberOfMessagesVisible")
        for dimension in alarm["Dimensions"]
    }
    dead = {name for name, queue in prod.resources("AWS::SQS::Queue") if "RedrivePolicy" not in queue["Properties"]}
    assert len(dead) == 9
    assert watched == dead


def test_refused_usage_is_a_ticket_and_a_dead_message_of_usage_a_page(prod: Assembly) -> None:
    told = {
        imported(prod, alarm["Dimensions"][0]["Value"])[:-8]: alarm["AlarmDescription"].split("]")[0].strip("[")
        for alarm in alarms(prod, "ApproximateNumberOfMessagesVisible")
    }
    assert told["UsageQueueRefused"] == "Ticket"
    assert told["UsageQueueDeadLettersQueue"] == told["UsageQueueWaitingDeadLettersQueue"] == "Page"


def test_usage_that_nobody_takes_is_told_by_its_age(prod: Assembly) -> None:
    oldest = {
        imported(prod, alarm["Dimensions"][0]["Value"])[:-8]: alarm["Threshold"]
        for alarm in alarms(prod, "ApproximateAgeOfOldestMessage")
    }
    assert oldest["UsageQueue"] == 900
    # each round is a new message, so an old one was not taken, however long its events wait
    (delay,) = {q["DelaySeconds"] for q in prod.properties("AWS::SQS::Queue") if "DelaySeconds" in q}
    assert oldest["UsageQueueWaiting"] >= 2 * delay


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_has_an_alarm(prod: Assembly, metric: str) -> None:
    watched = {imported(prod, alarm["Dimensions"][0]["Value"]) for alarm in alarms(prod, metric)}
    assert watched == {name for name, _ in prod.resources("AWS::Lambda::Function")}


def test_a_run_that_did_not_happen_pages(prod: Assembly) -> None:
    (alarm,) = alarms(prod, MeteringMetric.RUNS_COMPLETED)
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Statistic"]) == (3600, 2, "Sum")
    assert alarm["AlarmDescription"].startswith("[Page]")


def test_a_run_that_failed_timed_out_or_was_stopped_is_told(prod: Assembly) -> None:
    machines = {name for name, _ in prod.resources("AWS::StepFunctions::StateMachine")}
    assert len(machines) == 2
    for metric, severity in (
        ("ExecutionsFailed", "[Page]"),
        ("ExecutionsTimedOut", "[Page]"),
        ("ExecutionsAborted", "[Ticket]"),
    ):
        told = alarms(prod, metric)
        assert {imported(prod, alarm["Dimensions"][0]["Value"]) for alarm in told} == machines
        assert all(alarm["AlarmDescription"].startswith(severity) for alarm in told)


def test_a_leaver_who_is_overdue_pages_and_so_does_nobody_looking(prod: Assembly) -> None:
    (alarm,) = alarms(prod, MeteringMetric.LEAVERS_OVERDUE)
    assert alarm["AlarmDescription"].startswith("[Page]")
    assert (alarm["Statistic"], alarm["Threshold"], alarm["TreatMissingData"]) == ("Maximum", 1, "breaching")
    # every few minutes somebody looks: a period without a value is one without a look
    (schedule,) = [s for s in prod.properties("AWS::Scheduler::Schedule") if s["ScheduleExpression"].startswith("rate")]
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert alarm["Period"] == 3 * 5 * 60


def test_the_oldest_pending_hour_has_two_thresholds_well_before_24_hours(prod: Assembly) -> None:
    ages = sorted(alarm["Threshold"] / 3600 for alarm in alarms(prod, MeteringMetric.OLDEST_PENDING_HOUR_AGE))
    assert ages == [prod.stage.alarms.ticket_at_hours, prod.stage.alarms.page_at_hours]
    assert ages[-1] < 24 - 4


def test_a_run_that_sees_a_deadline_three_hours_off_pages(prod: Assembly) -> None:
    (alarm,) = alarms(prod, MeteringMetric.NEAREST_DEADLINE)
    assert alarm["AlarmDescription"].startswith("[Page]")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 3 * 3600)
    assert (alarm["Statistic"], alarm["EvaluationPeriods"]) == ("Minimum", 1)
    # reports come hourly: between them the last one holds, and a missing one is another alarm's
    assert alarm["TreatMissingData"] == "ignore"
    assert alarm["Period"] < 3600


@pytest.mark.parametrize(
    ("metric", "severity", "statistic"),
    [
        (MeteringMetric.FAILED_LINES, "Ticket", "Maximum"),
        (MeteringMetric.HOURS_WAITING, "Ticket", "Maximum"),
        (MeteringMetric.LINES_CONFLICT, "Page", "Sum"),
        (MeteringMetric.LINES_EXPIRED, "Page", "Sum"),
        (MeteringMetric.LINES_PRESUMED_ON_FILE, "Ticket", "Sum"),
        (MeteringMetric.LINES_CAPPED, "Ticket", "Sum"),
        (MeteringMetric.TAG_SETS_FOLDED, "Ticket", "Sum"),
        (MeteringMetric.ALLOCATIONS_MISSING, "Page", "Sum"),
        (MeteringMetric.LINES_REJECTED, "Page", "Sum"),
        (MeteringMetric.PRODUCT_FAULTS, "Page", "Sum"),
        (MeteringMetric.SHARED_RECORD_IDS, "Page", "Sum"),
        (MeteringMetric.FINAL_METERINGS_RESTARTED, "Ticket", "Sum"),
    ],
)
def test_one_line_that_is_not_billed_is_enough(
    prod: Assembly, metric: MeteringMetric, severity: str, statistic: str
) -> None:
    (alarm,) = alarms(prod, metric)
    assert alarm["AlarmDescription"].startswith(f"[{severity}]")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert (alarm["Statistic"], alarm["TreatMissingData"]) == (statistic, "notBreaching")
    assert alarm["Namespace"] == f"{NAMESPACE}/{prod.stage.name}"


@pytest.mark.parametrize("metric", [MeteringMetric.LINES_CONFLICT, MeteringMetric.LINES_EXPIRED])
def test_every_run_that_loses_usage_pages_anew(prod: Assembly, metric: MeteringMetric) -> None:
    (alarm,) = alarms(prod, metric)
    # runs are an hour apart, so the alarm is over before the next one
    assert alarm["Period"] * alarm["EvaluationPeriods"] < 3600


def test_notices_that_are_kept_are_a_ticket(prod: Assembly) -> None:
    kept = {
        (alarm["Dimensions"][0]["Value"], metric): alarm
        for metric in ("NoticesUnknown", "NoticesWaiting")
        for alarm in alarms(prod, metric)
    }
    assert set(kept) == {
        ("subscription", SubscriptionMetric.NOTICES_UNKNOWN),
        ("subscription", SubscriptionMetric.NOTICES_WAITING),
        ("entitlement", EntitlementMetric.NOTICES_UNKNOWN),
    }
    for alarm in kept.values():
        assert alarm["AlarmDescription"].startswith("[Ticket]")
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)


def test_alarms_are_plain_metrics(prod: Assembly) -> None:
    assert prod.properties(ALARM)
    assert not [alarm for alarm in prod.properties(ALARM) if "Metrics" in alarm]
    assert not prod.properties("AWS::CloudWatch::CompositeAlarm")


def test_an_alarm_goes_where_its_severity_goes_and_says_when_it_is_over(prod: Assembly) -> None:
    mails = {
        resource["Properties"]["TopicArn"]["Ref"]: resource["Properties"]["Endpoint"]
        for _, resource in prod.resources("AWS::SNS::Subscription", stack="Watch")
    }
    for alarm in prod.properties(ALARM):
        (action,) = alarm["AlarmActions"]
        assert alarm["OKActions"] == [action]
        severity = alarm["AlarmDescription"].split("]")[0].strip("[")
        routes = prod.stage.alarms.page if severity == "Page" else prod.stage.alarms.ticket
        assert (mails[action["Ref"]],) == routes


def test_existing_topics_are_used_in_their_own_region_only(tmp_path: Path) -> None:
    here, there = "arn:aws:sns:eu-west-1:111122223333:oncall", "arn:aws:sns:us-east-1:111122223333:oncall"
    stage = shipped("prod")
    routes = replace(stage.alarms, page=(here, there), ticket=())
    assembly = Assembly.of(replace(stage, region="eu-west-1", alarms=routes), tmp_path)

    def actions(stack: str, severity: str) -> set[str]:
        return {
            action
            for alarm in assembly.properties(ALARM, stack=stack)
            if alarm["AlarmDescription"].startswith(severity)
            for action in alarm.get("AlarmActions", [])
        }

    assert actions("Watch", "[Page]") == {here}
    assert actions("Notices", "[Page]") == {there}
    assert actions("Watch", "[Ticket]") == set()
