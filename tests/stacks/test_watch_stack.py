"""What alarms watch: queues, functions, workflows, the API, delivery, and the metrics of the run."""

import json
from typing import Any

import pytest

from local.alarm_judge.metric_filters import read_filters
from runtime.metric_names import (
    NAMESPACE,
    EntitlementMetric,
    MeteringMetric,
    RegistrationMetric,
    SubscriptionMetric,
)
from tests.stacks.alarm_facts import alarms, named, on, owner, speaker, watched
from tests.synthesized import Assembly

VISIBLE = "ApproximateNumberOfMessagesVisible"


def severities(prod: Assembly, metric: str, dimension: str) -> dict[str, str]:
    """The severity of the alarm that calls, by the logical id (without its hash) of what it watches."""
    return {name[:-8]: speaker(prod, alarm).severity for name, alarm in watched(prod, metric, dimension).items()}


# --- queues -----------------------------------------------------------------------------------------------------------


def test_every_queue_without_a_consumer_has_an_alarm(prod: Assembly) -> None:
    dead = {name for name, queue in prod.resources("AWS::SQS::Queue") if "RedrivePolicy" not in queue["Properties"]}
    assert dead
    assert watched(prod, VISIBLE, "QueueName").keys() == dead
    for alarm in watched(prod, VISIBLE, "QueueName").values():
        assert (alarm.metrics[0].statistic, alarm.properties["Threshold"]) == ("Maximum", 1)


def test_a_dead_letter_pages_and_refused_usage_or_a_failed_line_is_a_ticket(prod: Assembly) -> None:
    told = severities(prod, VISIBLE, "QueueName")
    assert {name for name, severity in told.items() if severity == "Ticket"} == {
        "UsageQueueRefused",
        "FailedLinesQueue",
        "StreamsDeadLettersQueue",
        "AuditsDeadLettersQueue",
        "ReconciliationsDeadLettersQueue",
        "ChangesDeadLettersQueue",
        "BalancesDeadLettersQueue",
    }
    assert set(told.values()) == {"Page", "Ticket"}


def test_the_queue_that_an_event_abroad_dies_in_pages(abroad: Assembly) -> None:
    found = {alarm.name: alarm for alarm in alarms(abroad, stack="Notices").values()}
    assert found["DeadLettersAlarmNotEmpty"].severity == found["EventsAlarmLost1"].severity == "Page"


def test_every_queue_with_a_consumer_has_an_alarm_on_its_age(prod: Assembly) -> None:
    oldest = {
        name[:-8]: alarm.properties["Threshold"]
        for name, alarm in watched(prod, "ApproximateAgeOfOldestMessage", "QueueName").items()
    }
    taken = {name[:-8] for name, queue in prod.resources("AWS::SQS::Queue") if "RedrivePolicy" in queue["Properties"]}
    assert oldest.keys() == taken
    assert oldest["UsageQueue"] == 900
    # Each round is a new message, so no function has taken an old one, however long its events wait.
    (delay,) = {q["DelaySeconds"] for q in prod.properties("AWS::SQS::Queue") if "DelaySeconds" in q}
    assert oldest["UsageQueueWaiting"] >= 2 * delay
    assert set(severities(prod, "ApproximateAgeOfOldestMessage", "QueueName").values()) == {"Ticket"}


def test_an_unread_stream_calls_well_within_the_grace(prod: Assembly) -> None:
    found = watched(prod, "IteratorAge", "FunctionName")
    ((alarm),) = [alarm for function, alarm in found.items() if function.startswith("startfinalmetering")]
    # Milliseconds.
    assert alarm.properties["Threshold"] == 10 * 60 * 1000
    assert (alarm.metrics[0].statistic, speaker(prod, alarm).name) == ("Maximum", "QueuesLate")


def test_an_archive_that_is_behind_calls_long_before_a_stream_forgets(prod: Assembly) -> None:
    """A stream keeps changes for 24 hours, and a batch is collected for five minutes."""
    found = watched(prod, "IteratorAge", "FunctionName")
    ((alarm),) = [alarm for function, alarm in found.items() if function.startswith("archivechanges")]
    assert 10 * 60 * 1000 < alarm.properties["Threshold"] <= 4 * 3600 * 1000
    assert (alarm.metrics[0].statistic, speaker(prod, alarm).name) == ("Maximum", "QueuesLate")


# --- functions and workflows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_is_watched(prod: Assembly, metric: str) -> None:
    found = [alarm for alarm in on(prod, metric) if alarm.name != "StoreCanary"]
    counted = {m.dimensions["FunctionName"] for alarm in found for m in alarm.metrics if m.name == metric}
    assert counted == {name for name, _ in prod.resources("AWS::Lambda::Function")}
    assert {speaker(prod, alarm).name for alarm in found} == {"FunctionsFail"}


def test_a_failure_or_two_call_nobody_but_those_of_a_buyer_do(prod: Assembly) -> None:
    """Whoever calls repeats it; with much traffic the share counts."""
    found = {alarm.name: alarm.properties for alarm in on(prod, "Errors")}
    often = [name for name, properties in found.items() if "Metrics" in properties]
    assert sorted(often) == ["FunctionssubscriberapiErrors", "FunctionsusageErrors", "FunctionsusagequeueErrors"]
    thresholds = {name: properties["Threshold"] for name, properties in found.items() if name not in often}
    assert thresholds.pop("FunctionsregistrationErrors") == thresholds.pop("StoreCanary") == 1
    assert set(thresholds.values()) == {3}


def test_a_function_that_is_refused_by_design_may_be_refused_now_and_then(prod: Assembly) -> None:
    found = watched(prod, "Throttles", "FunctionName")
    limits = {name[:-16]: alarm.properties["Threshold"] for name, alarm in found.items()}
    assert limits.pop("submitbatch") == 300
    assert set(limits.values()) == {10}
    reserved = [
        name for name, f in prod.resources("AWS::Lambda::Function") if "ReservedConcurrentExecutions" in f["Properties"]
    ]
    # A flood on the public function is worth a ticket; overlapping runs explain refusals of the submitter.
    assert sorted(name[:12] for name in reserved) == ["registration", "submitbatchF"]


def test_a_run_that_failed_timed_out_or_was_stopped_has_an_alarm(prod: Assembly) -> None:
    machines = {name for name, _ in prod.resources("AWS::StepFunctions::StateMachine")}
    assert machines
    for metric, severity in (
        ("ExecutionsFailed", "Page"),
        ("ExecutionsTimedOut", "Page"),
        ("ExecutionsAborted", "Ticket"),
    ):
        found = watched(prod, metric, "StateMachineArn")
        assert found.keys() == machines
        assert {speaker(prod, alarm).severity for alarm in found.values()} == {severity}


# --- the API ----------------------------------------------------------------------------------------------------------


def filters(prod: Assembly) -> dict[str, dict[str, Any]]:
    """Metric filters by the name of their metric."""
    return {f["MetricTransformations"][0]["MetricName"]: f for f in prod.properties("AWS::Logs::MetricFilter")}


@pytest.mark.parametrize(
    ("status", "error_type", "fault", "throttled"),
    [
        ("200", "-", False, False),
        ("404", "-", False, False),
        ("500", "-", True, False),  # internal_error
        ("502", "INTEGRATION_FAILURE", True, False),  # a function that died, or answered nonsense
        ("504", "INTEGRATION_TIMEOUT", True, False),
        ("500", "API_CONFIGURATION_ERROR", True, False),  # the gateway may not invoke the function
        ("503", "-", False, False),  # busy, unavailable, marketplace_busy: documented, to be sent again
        ("503", "DEFAULT_5XX", True, False),
        ("429", "THROTTLED", False, True),
        ("403", "ACCESS_DENIED", False, False),
    ],
)
def test_a_documented_503_is_no_fault_and_a_callers_mistake_no_throttle(
    prod: Assembly, status: str, error_type: str, fault: bool, throttled: bool
) -> None:
    line = {"status": status, "errorType": error_type, "resource": "/usage"}
    assert {each.name: each.matches(line) for each in read_filters(prod.templates)} == {
        "ApiFaults": fault,
        "ApiRegistrationFaults": False,
        "ApiThrottled": throttled,
    }


@pytest.mark.parametrize("resource", ["/register", "/registrations"])
def test_a_buyer_who_cannot_register_is_counted_apart(prod: Assembly, resource: str) -> None:
    (counted,) = [each for each in read_filters(prod.templates) if each.name == "ApiRegistrationFaults"]
    assert counted.matches({"status": "500", "errorType": "-", "resource": resource})
    assert not counted.matches({"status": "503", "errorType": "-", "resource": resource})


def test_the_access_log_has_what_the_filters_read(prod: Assembly) -> None:
    (stage,) = prod.properties("AWS::ApiGateway::Stage")
    format_ = json.loads(stage["AccessLogSetting"]["Format"])
    assert (format_["status"], format_["errorType"]) == ("$context.status", "$context.error.responseType")
    (written,) = [name for name, _ in prod.resources("AWS::Logs::LogGroup") if name in str(stage["AccessLogSetting"])]
    for found in filters(prod).values():
        assert owner(prod, found["LogGroupName"]) == written
        (transformation,) = found["MetricTransformations"]
        assert transformation["MetricValue"] == "1"
        assert transformation["MetricNamespace"] == f"{NAMESPACE}/{prod.stage.name}"


def test_a_fault_of_the_api_pages_and_5xx_for_long_is_a_ticket(prod: Assembly) -> None:
    (fault,) = on(prod, "ApiFaults")
    assert (fault.properties["Threshold"], speaker(prod, fault).severity) == (1, "Page")
    assert fault.metrics[0].dimensions == {}
    (busy,) = on(prod, "5XXError")
    assert (busy.properties["DatapointsToAlarm"], busy.properties["EvaluationPeriods"], busy.period) == (3, 6, 300)
    assert speaker(prod, busy).severity == "Ticket"
    assert not on(prod, "4XXError")


def test_throttling_of_the_api_calls_when_it_lasts(prod: Assembly) -> None:
    (alarm,) = on(prod, "ApiThrottled")
    assert alarm.severity == "Ticket"
    assert (alarm.properties["Threshold"], alarm.properties["EvaluationPeriods"], alarm.period) == (10, 3, 300)


# --- delivery ---------------------------------------------------------------------------------------------------------


def test_every_rule_has_an_alarm_on_undelivered_events(prod: Assembly) -> None:
    rules = {name for name, _ in prod.resources("AWS::Events::Rule")}
    assert rules
    for metric in ("FailedInvocations", "InvocationsFailedToBeSentToDlq"):
        assert watched(prod, metric, "RuleName").keys() == rules
        assert set(severities(prod, metric, "RuleName").values()) == {"Page"}
        # On the default bus: with a bus among the dimensions there would be no such metric.
        assert {tuple(m.dimensions) for alarm in on(prod, metric) for m in alarm.metrics} == {("RuleName",)}


def test_starts_that_fail_are_counted_in_a_group_of_this_stage_alone(prod: Assembly) -> None:
    (group,) = [p["Name"] for p in prod.properties("AWS::Scheduler::ScheduleGroup", stack="Metering")]
    schedules = prod.properties("AWS::Scheduler::Schedule", stack="Metering")
    assert {schedule["GroupName"] for schedule in schedules} == {group}
    for metric, severity, at_least in (
        ("InvocationsFailedToBeSentToDeadLetterCount", "Page", 1),
        ("InvocationDroppedCount", "Ticket", 3),
        ("TargetErrorCount", "Ticket", 3),
    ):
        found = [alarm for alarm in on(prod, metric) if alarm.metrics[0].dimensions["ScheduleGroup"] == group]
        (alarm,) = found
        assert (alarm.severity, alarm.properties["Threshold"]) == (severity, at_least)
        assert {m.dimensions["ScheduleGroup"] for m in alarm.metrics} == {group}
    # Their roles trust Scheduler for this group only.
    roles = [json.dumps(role) for role in prod.properties("AWS::IAM::Role") if "scheduler.amazonaws.com" in str(role)]
    assert any("aws:SourceArn" in role for role in roles)


# --- the run's numbers ------------------------------------------------------------------------------------------------


def test_overdue_final_metering_pages(prod: Assembly) -> None:
    alarm = named(prod, "FinalMeteringLeaversOverdue")
    assert alarm.severity == "Page"
    assert (alarm.metrics[0].statistic, alarm.properties["Threshold"]) == ("Maximum", 1)


def test_the_oldest_pending_hour_has_two_thresholds_well_before_24_hours(prod: Assembly) -> None:
    found = {
        alarm.severity: alarm.properties["Threshold"] / 3600
        for alarm in on(prod, MeteringMetric.OLDEST_PENDING_HOUR_AGE)
    }
    assert found == {"Ticket": prod.stage.alarms.ticket_at_hours, "Page": prod.stage.alarms.page_at_hours}
    assert found["Page"] < 24 - 4


def test_a_run_that_sees_a_deadline_three_hours_off_pages(prod: Assembly) -> None:
    (alarm,) = on(prod, MeteringMetric.NEAREST_DEADLINE)
    assert alarm.severity == "Page"
    assert (alarm.properties["ComparisonOperator"], alarm.properties["Threshold"]) == ("LessThanThreshold", 3 * 3600)
    assert (alarm.metrics[0].statistic, alarm.properties["EvaluationPeriods"]) == ("Minimum", 1)
    assert alarm.period < 3600


@pytest.mark.parametrize(
    ("metric", "severity"),
    [
        (MeteringMetric.HOURS_WAITING, "Ticket"),
        (MeteringMetric.LINES_CONFLICT, "Page"),
        (MeteringMetric.LINES_EXPIRED, "Page"),
        (MeteringMetric.LINES_PRESUMED_ON_FILE, "Ticket"),
        (MeteringMetric.LINES_CAPPED, "Ticket"),
        (MeteringMetric.TAG_SETS_FOLDED, "Ticket"),
        (MeteringMetric.ALLOCATIONS_MISSING, "Page"),
        (MeteringMetric.HOURS_NOT_CONSERVED, "Page"),
        (MeteringMetric.LINES_REJECTED, "Page"),
        (MeteringMetric.SHARED_RECORD_IDS, "Page"),
        (MeteringMetric.FINAL_METERINGS_RESTARTED, "Ticket"),
        (MeteringMetric.REMAINDERS_UNBILLED, "Ticket"),
        (RegistrationMetric.REGISTRATIONS_MISCONFIGURED, "Page"),
        (SubscriptionMetric.NOTICES_WAITING, "Ticket"),
        (SubscriptionMetric.BUYER_WARNINGS, "Ticket"),
    ],
)
def test_once_is_enough(prod: Assembly, metric: str, severity: str) -> None:
    (alarm,) = on(prod, metric)
    assert alarm.severity == severity
    assert alarm.properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert (alarm.properties["Threshold"], alarm.properties["TreatMissingData"]) == (1, "notBreaching")
    assert (alarm.metrics[0].statistic, alarm.metrics[0].namespace) == ("Sum", f"{NAMESPACE}/{prod.stage.name}")


def test_unknown_and_unreadable_notices_are_one_ticket_of_both_services(prod: Assembly) -> None:
    for metric in (SubscriptionMetric.NOTICES_UNKNOWN, SubscriptionMetric.NOTICES_UNREADABLE):
        (alarm,) = on(prod, metric)
        assert (alarm.severity, alarm.properties["Threshold"], alarm.period) == ("Ticket", 1, 3600)
        assert {m.dimensions["service"] for m in alarm.metrics} == {"subscription", "entitlement"}


def test_a_wrong_product_code_pages_wherever_it_shows(prod: Assembly) -> None:
    told = {
        (m.dimensions["service"], m.name): alarm.severity
        for alarm in alarms(prod).values()
        for m in alarm.metrics
        if m.name
        in (
            RegistrationMetric.REGISTRATIONS_MISCONFIGURED,
            SubscriptionMetric.PRODUCT_CODE_DOUBTED,
            EntitlementMetric.PRODUCT_FAULTS,
        )
    }
    assert told == {
        ("registration", "RegistrationsMisconfigured"): "Page",
        ("entitlement", "ProductFaults"): "Page",
        ("metering", "ProductFaults"): "Page",
        ("entitlement", "ProductCodeDoubted"): "Page",
        # There another product of the seller is the likelier reason.
        ("subscription", "ProductCodeDoubted"): "Ticket",
    }


# --- what an alarm may be ---------------------------------------------------------------------------------------------


def test_a_sum_is_of_ten_metrics_at_most_and_of_one_period(prod: Assembly) -> None:
    sums = [alarm for alarm in alarms(prod).values() if len(alarm.metrics) > 1]
    assert sums
    for alarm in sums:
        assert len(alarm.metrics) <= 10, alarm.name
        assert len({m.period for m in alarm.metrics}) == 1
        returned = [query for query in alarm.properties["Metrics"] if query["ReturnData"]]
        (expression,) = [query["Expression"] for query in returned]
        assert expression == "SUM(METRICS())" or expression.startswith("IF(bad > 2 AND "), alarm.name
