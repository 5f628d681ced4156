"""One fault of DynamoDB calls once."""

from typing import Any

import pytest

from local.alarm_judge.composite_alarm import rule_of
from tests.stacks.alarm_facts import Alarm, alarms, named, speaker
from tests.synthesized import Assembly

#: AWS: of a composite alarm (CloudWatch User Guide, "Create a composite alarm"; PutCompositeAlarm, AlarmRule)
MOST_CHILDREN = 100
MOST_ELEMENTS = 500
LONGEST_RULE = 10_240
#: One alarm may be a part of so many composite alarms.
MOST_PARENTS = 150
#: The longest ARN that ours may have.
LONGEST_ARN = len("arn:aws-us-gov:cloudwatch:ap-southeast-99:111122223333:alarm:") + 120

#: What fails with the tables: functions, runs and the API; messages age and die.
SYMPTOMS = (
    "Errors",
    "Throttles",
    "IteratorAge",
    "ExecutionsFailed",
    "ExecutionsTimedOut",
    "ApproximateAgeOfOldestMessage",
    "5XXError",
    "ApiFaults",
    "ApiRegistrationFaults",
    "RunsCompleted",
)
#: Dead letters of functions that write to tables. Those of schedules and of the stream are no symptom.
DEAD_BY_THE_STORE = (
    "NoticesSubscriptionDeadLetters",
    "NoticesEntitlementDeadLetters",
    "UsageQueueUsageDeadLetters",
    "UsageQueueWaitingDeadLetters",
    "EnginesUsageDeadLetters",
)


@pytest.fixture(scope="module")
def prod(engines: Assembly) -> Assembly:
    """The stage with all functions takes the place of the shipped one."""
    return engines


def composites(prod: Assembly) -> list[Alarm]:
    return [alarm for alarm in alarms(prod).values() if "AlarmRule" in alarm.properties]


def holds(rule: list[Any], up: set[str]) -> bool:
    """A rule's value while these alarms (logical ids) are up."""
    members = {part["Fn::GetAtt"][0] for part in rule if isinstance(part, dict)}
    return rule_of(rule)({name: "ALARM" if name in up else "OK" for name in members})


def test_alarms_that_a_failing_store_sets_off_are_silent(prod: Assembly) -> None:
    symptoms = [
        alarm
        for alarm in alarms(prod).values()
        if (any(metric.name in SYMPTOMS for metric in alarm.metrics) and alarm.name != "StoreCanary")
        or alarm.name in (*DEAD_BY_THE_STORE, "FinalMeteringNoLook", "EnginesNoLook")
    ]
    assert len(symptoms) > 35
    down = named(prod, "StoreDown")
    for alarm in symptoms:
        assert (alarm.severity, alarm.actions) == ("Silent", []), alarm.name
        composite = speaker(prod, alarm)
        assert composite.properties["ActionsSuppressor"] == {"Fn::GetAtt": [down.logical_id, "Arn"]}, alarm.name


def test_every_group_is_silenced_by_the_store_and_by_nothing_else(prod: Assembly) -> None:
    down = named(prod, "StoreDown")
    groups = [alarm for alarm in composites(prod) if alarm is not down and alarm.name != down.name]
    assert groups
    for alarm in groups:
        assert alarm.properties["ActionsSuppressor"] == {"Fn::GetAtt": [down.logical_id, "Arn"]}
        # AWS asks for both as soon as there is a suppressor
        assert alarm.properties["ActionsSuppressorExtensionPeriod"] == 600
        # A page comes in time: three minutes later CloudWatch shows the value, and another seven pass.
        pages = alarm.severity == "Page" and alarm.name != "FinalMeteringUnwatched"
        assert alarm.properties["ActionsSuppressorWaitPeriod"] == (420 if pages else 600)
    assert "ActionsSuppressor" not in down.properties
    assert (down.severity, len(down.actions)) == ("Page", 1)


def test_the_store_calls_before_its_symptoms_do(prod: Assembly) -> None:
    """Its alarms and the canary's need one period of data, which is shorter than the symptoms' wait."""
    faults = named(prod, "StoreFaultsSubscribers")
    assert faults.period * faults.properties["EvaluationPeriods"] == 300
    (look,) = prod.schedules("look-after-leavers")
    assert look["ScheduleExpression"] == "rate(5 minutes)"
    for alarm in composites(prod):
        if alarm.name != "StoreDown":
            assert alarm.properties["ActionsSuppressorWaitPeriod"] >= 300 + 120


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ((), False),
        # On a good day DynamoDB answers one request in a million so, and the SDK repeats it.
        (("StoreFaultsUsageEvents",), False),
        (("StoreThrottledMeteringRecords",), False),
        # A bug of one function is no fault of the store, not even of the canary.
        (("FunctionsusageErrors", "ApiFaults"), False),
        (("StoreCanary", "FunctionslookafterleaversErrors"), False),
        (("StoreCanary", "FinalMeteringNoLook"), False),
        # Two witnesses.
        (("StoreFaultsUsageEvents", "FunctionssealhoursErrors"), True),
        (("StoreFaultsUsageEvents", "StoreCanary"), True),
        (("StoreThrottledMeteringRecords", "ApiUnavailable"), True),
        (("StoreThrottledMeteringRecords", "StoreCanary"), True),
        # DynamoDB does not answer at all and counts nothing; the canary fails with others.
        (("StoreCanary", "ApiFaults"), True),
        (("StoreCanary", "MeteringRunFailed"), True),
        (("StoreCanary", "MeteringRunDidNotHappen"), True),
        # A queue proves nothing: perhaps no person has looked at it yet.
        (("StoreCanary", "UsageQueueUsageDeadLetters"), False),
        (("StoreFaultsUsageEvents", "UsageQueueUsageTooOld"), False),
    ],
)
def test_the_store_is_down_by_two_witnesses(prod: Assembly, up: tuple[str, ...], down: bool) -> None:
    assert holds(named(prod, "StoreDown").rule, {named(prod, name).logical_id for name in up}) is down


def test_a_failing_store_calls_once(prod: Assembly) -> None:
    """All symptoms are up: of all alarms that could call, one does, since it suppresses the others."""
    up = {
        alarm.logical_id
        for alarm in alarms(prod).values()
        if alarm.severity == "Silent" and "AlarmRule" not in alarm.properties
    }
    ringing = [alarm for alarm in composites(prod) if holds(alarm.rule, up)]
    assert ringing == composites(prod)
    assert [alarm.name for alarm in ringing if "ActionsSuppressor" not in alarm.properties] == ["StoreDown"]


@pytest.mark.parametrize("metric", ["SystemErrors", "ThrottledRequests"])
def test_faults_and_throttles_are_those_of_all_tables_and_operations(prod: Assembly, metric: str) -> None:
    watching = [alarm for alarm in alarms(prod).values() if alarm.query and f"SUM({metric})" in alarm.query]
    # Billing does not rest on what audits found.
    tables = {str(table["TableName"]) for table in prod.properties("AWS::DynamoDB::Table")} - {"yawl-audit"}
    source = f'SELECT SUM({metric}) FROM SCHEMA("AWS/DynamoDB", Operation, TableName)'
    # One series each: a grouping makes several, and WHERE knows no OR.
    queries = [f"{source} WHERE TableName = '{table}'" for table in tables]
    assert sorted(str(alarm.query) for alarm in watching) == sorted(queries)
    for alarm in watching:
        expression = {"Expression": alarm.query, "Id": "expr_1", "Period": 300, "ReturnData": True}
        assert alarm.properties["Metrics"] == [expression]
        assert alarm.properties["TreatMissingData"] == "notBreaching"


def test_conditions_that_fail_are_no_fault(prod: Assembly) -> None:
    """The protocol rests on failed conditions, and DynamoDB counts them apart."""
    text = str([alarm.properties for alarm in alarms(prod).values()])
    assert "ConditionalCheckFailedRequests" not in text
    assert "UserErrors" not in text


def test_aws_accepts_the_composite_alarms(prod: Assembly) -> None:
    parents: dict[str, int] = {}
    for alarm in composites(prod):
        assert 0 < len(alarm.members) <= MOST_CHILDREN
        references = sum(isinstance(part, dict) for part in alarm.rule)
        words = "".join(part for part in alarm.rule if isinstance(part, str))
        brackets = words.count("(") - references
        assert references + brackets <= MOST_ELEMENTS
        assert len(words) + references * LONGEST_ARN <= LONGEST_RULE, alarm.name
        for member in alarm.members:
            parents[member] = parents.get(member, 0) + 1
            # A member is of the same account and Region, so of the same stack.
            assert member in alarms(prod)
            # There is no circle: the suppressor consists of metric alarms alone.
            assert "AlarmRule" not in alarms(prod)[member].properties
        assert len(alarm.properties["AlarmName"]) <= 255
        assert len(alarm.actions) <= 5
    assert max(parents.values()) <= MOST_PARENTS


def test_a_composite_alarms_name_is_its_stages_own(prod: Assembly) -> None:
    """CDK names it, so that two stages in one account do not meet."""
    names = [alarm.properties["AlarmName"] for alarm in composites(prod)]
    assert len(set(names)) == len(names)
    assert all(name.startswith(f"YawlMetering{prod.stage.name}Watch") for name in names)


def test_the_text_says_that_others_are_silent_and_where_to_look(prod: Assembly) -> None:
    text = named(prod, "StoreDown").text
    for words in ("The store is down", "AWS Health", "StoreFaults", "StoreThrottled", "latest deployment", "silent"):
        assert words in text
