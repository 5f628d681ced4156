"""The judge of alarms evaluates them as CloudWatch's User Guide says, examples included."""

import json
from typing import Any

import pytest

from local.alarm_judge import Recording, judge, read_alarms
from local.alarm_judge.composite_alarm import performed, rule_of
from local.alarm_judge.metric_alarm import NotJudged, State, state_of
from local.alarm_judge.metric_filters import MetricFilter
from local.alarm_judge.metric_math import calculate
from local.alarm_judge.recording import LATE

UP = "Higher0a1b2c3d"
HIGHER: dict[str, Any] = {
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "AlarmDescription": "[Silent] Up.",
}
COUNT: dict[str, Any] = {
    "Namespace": "n",
    "MetricName": "Faults",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
}


def points(text: str) -> list[float | None]:
    """The guide's notation, the newest last: X is bad, 0 is good, - is missing. The result has the newest first."""
    return [{"X": 1.0, "0": 0.0, "-": None}[each] for each in reversed(text.split())]


# --- missing data -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", "OK", "OK", "OK", "OK"),
        ("0 - - - -", "OK", "OK", "OK", "OK"),
        ("- - - - -", "INSUFFICIENT_DATA", "stays", "ALARM", "OK"),
        ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("- - X - -", "ALARM", "stays", "ALARM", "OK"),
        # "Avoiding premature transitions to alarm state": not at once.
        ("- - - - X", "INSUFFICIENT_DATA", "stays", "ALARM", "OK"),
    ],
)
def test_three_of_three_as_in_the_guides_table(
    data: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    assert table_row(data, {"EvaluationPeriods": 3}) == [missing, ignore, breaching, not_breaching]


@pytest.mark.parametrize(
    ("data", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 - X - -", "OK", "OK", "ALARM", "OK"),
        ("- - - - 0", "OK", "OK", "ALARM", "OK"),
        ("- - - X -", "ALARM", "stays", "ALARM", "OK"),
    ],
)
def test_two_of_three_as_in_the_guides_table(
    data: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    found = table_row(data, {"EvaluationPeriods": 3, "DatapointsToAlarm": 2})
    assert found == [missing, ignore, breaching, not_breaching]


def table_row(data: str, properties: dict[str, Any]) -> list[str]:
    """The state by each way to treat missing data; ``stays`` where it is the one from before."""
    found: list[str] = []
    for way in ("missing", "ignore", "breaching", "notBreaching"):
        before: tuple[State, State] = ("OK", "ALARM")
        alarm = HIGHER | properties | {"TreatMissingData": way}
        after = [state_of(alarm, points(data), each) for each in before]
        found.append("stays" if tuple(after) == before else after[0])
        assert found[-1] == "stays" or after[0] == after[1]
    return found


# --- one alarm over time ----------------------------------------------------------------------------------------------


def templates(**resources: Any) -> dict[str, Any]:
    kinds = {True: "AWS::CloudWatch::CompositeAlarm", False: "AWS::CloudWatch::Alarm"}
    made = {name: {"Type": kinds["AlarmRule" in each], "Properties": each} for name, each in resources.items()}
    return {"Watch": {"Resources": made}}


def spans(recording: Recording, *, until: int = 200, **properties: Any) -> list[tuple[int, State]]:
    alarms = read_alarms(templates(**{UP: HIGHER | {"TreatMissingData": "notBreaching"} | properties}))
    return [
        (change.minute, change.state) for change in judge(alarms.values(), recording, range(until)).states["Higher"]
    ]


def test_a_count_is_seen_when_it_is_shown_and_until_no_period_that_is_looked_at_has_it() -> None:
    """The guide's note: the last values are evaluated again for some time after the metric has stopped."""
    recording = Recording()
    recording.put("n", "Faults", {}, minute=10)
    assert spans(recording, **COUNT) == [(0, "OK"), (10 + LATE, "ALARM"), (10 + 3 * 5, "OK")]
    assert spans(recording, **COUNT | {"Period": 3600}) == [(0, "OK"), (10 + LATE, "ALARM"), (10 + 3 * 60, "OK")]


def test_a_better_value_ends_it_at_once() -> None:
    recording = Recording()
    recording.put("n", "Faults", {}, minute=10)
    recording.put("n", "Faults", {}, minute=20, value=0)
    assert spans(recording, **COUNT)[-1] == (20 + LATE, "OK")


def test_metrics_of_other_dimensions_namespaces_and_names_do_not_count() -> None:
    recording = Recording()
    recording.put("n", "Faults", {"service": "b"}, minute=10)
    recording.put("n", "Others", {"service": "a"}, minute=10)
    recording.put("o", "Faults", {"service": "a"}, minute=10)
    recording.put("n", "Faults", {"service": "a", "more": "c"}, minute=10)
    recording.put("n", "Faults", {}, minute=10)
    only: dict[str, Any] = {"Dimensions": [{"Name": "service", "Value": "a"}]}
    assert spans(recording, **COUNT, **only) == [(0, "OK")]


def test_a_window_slides_so_that_a_burst_across_two_clock_periods_counts_as_one() -> None:
    recording = Recording()
    for minute in (4, 6):
        recording.put("n", "Faults", {}, minute=minute)
    assert (6 + LATE, "ALARM") not in spans(recording, **COUNT, Threshold=2)
    assert spans(recording, **COUNT | {"Period": 900, "Threshold": 2})[1] == (6 + LATE, "ALARM")


@pytest.mark.parametrize(
    ("statistic", "threshold", "up"),
    [("Sum", 9, True), ("Sum", 10, False), ("Maximum", 5, True), ("Maximum", 6, False), ("SampleCount", 2, True)],
)
def test_the_statistics(statistic: str, threshold: int, up: bool) -> None:
    recording = Recording()
    for value in (4, 5):
        recording.put("n", "Faults", {}, minute=10, value=value)
    found = spans(recording, **COUNT | {"Statistic": statistic, "Threshold": threshold})
    assert ((13, "ALARM") in found) is up


def test_a_sum_over_metrics_leaves_out_those_without_a_value() -> None:
    stats = [
        {"Id": name, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}}
        for name, metric in (
            ("m0", {"Namespace": "n", "MetricName": "A"}),
            ("m1", {"Namespace": "n", "MetricName": "B"}),
        )
    ]
    total = {"Id": "e", "Expression": "SUM(METRICS())", "ReturnData": True}
    recording = Recording()
    recording.put("n", "B", {}, minute=10, value=2)
    both: dict[str, Any] = {"Metrics": [total, *stats], "EvaluationPeriods": 1}
    assert (13, "ALARM") in spans(recording, **both, Threshold=2)
    assert spans(recording, **both, Threshold=3) == [(0, "OK")]


def test_a_query_adds_up_all_operations_on_its_table() -> None:
    query = "SELECT SUM(SystemErrors) FROM SCHEMA(\"AWS/DynamoDB\", Operation, TableName) WHERE TableName = 't'"
    metrics = [{"Id": "q", "Expression": query, "Period": 300, "ReturnData": True}]
    recording = Recording()
    for table, operation in (("t", "GetItem"), ("t", "Query"), ("other", "Query")):
        dimensions = {"Operation": operation, "TableName": table}
        recording.put("AWS/DynamoDB", "SystemErrors", dimensions, minute=10, value=5)
    recording.put("AWS/DynamoDB", "SystemErrors", {"TableName": "t"}, minute=10, value=5)
    assert (13, "ALARM") in spans(recording, Metrics=metrics, EvaluationPeriods=1, Threshold=10)
    assert spans(recording, Metrics=metrics, EvaluationPeriods=1, Threshold=11) == [(0, "OK")]


@pytest.mark.parametrize(
    ("expression", "values", "result"),
    [
        ("IF(bad > 2 AND bad > FILL(every, 0) / 100, bad, 0)", {"bad": 3, "every": 299}, 3),
        ("IF(bad > 2 AND bad > FILL(every, 0) / 100, bad, 0)", {"bad": 3, "every": 300}, 0),
        ("IF(bad > 2 AND bad > FILL(every, 0) / 100, bad, 0)", {"bad": 2, "every": 2}, 0),
        ("IF(bad > 2 AND bad > FILL(every, 0) / 100, bad, 0)", {"bad": 3, "every": None}, 3),
        ("IF(bad > 2 AND bad > FILL(every, 0) / 100, bad, 0)", {"bad": None, "every": 9}, None),
        ("SUM(METRICS())", {"a": 1, "b": None, "c": 2}, 3),
        ("SUM(METRICS())", {"a": None}, None),
        ("a + b * 2", {"a": 1, "b": 2}, 5),
        ("a / b", {"a": 1, "b": 0}, None),
        ("a OR b", {"a": 0, "b": 1}, 1),
    ],
)
def test_metric_math(expression: str, values: dict[str, float | None], result: float | None) -> None:
    assert calculate(expression, values) == result


@pytest.mark.parametrize("expression", ["RATE(METRICS())", "SELECT MAX(m) FROM n", "a", "FILL(1)"])
def test_an_expression_that_it_does_not_know_is_refused_and_not_passed_over(expression: str) -> None:
    stat = {"Metric": {"Namespace": "n", "MetricName": "B"}, "Period": 300, "Stat": "Sum"}
    metrics = [
        {"Id": "q", "Expression": expression, "Period": 300, "ReturnData": True},
        {"Id": "m0", "MetricStat": stat, "ReturnData": False},
    ]
    with pytest.raises(NotJudged, match="Higher"):
        spans(Recording(), Metrics=metrics, EvaluationPeriods=1)


# --- composite alarms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "up", "holds"),
    [
        ('ALARM("a")', "a", True),
        ('ALARM("a")', "b", False),
        ('NOT ALARM("a")', "b", True),
        ('(ALARM("a") OR ALARM("b"))', "b", True),
        ('ALARM("a") AND (ALARM("b") OR ALARM("c"))', "ac", True),
        ('ALARM("a") AND (ALARM("b") OR ALARM("c"))', "bc", False),
        ('ALARM("a") OR ALARM("b") AND ALARM("c")', "a", True),
        ('OK("a") AND TRUE', "b", True),
        ('OK("a") AND FALSE', "b", False),
    ],
)
def test_a_rule_holds(rule: str, up: str, holds: bool) -> None:
    states: dict[str, State] = {name: "ALARM" if name in up else "OK" for name in "abc"}
    assert rule_of([rule])(states) is holds


@pytest.mark.parametrize("rule", ['ALARM("a") ALARM("b")', '(ALARM("a")', "ANY(a, b)", 'ALARM("a") OR'])
def test_a_rule_that_it_does_not_know_is_refused(rule: str) -> None:
    with pytest.raises(NotJudged):
        rule_of([rule])


@pytest.mark.parametrize(
    ("up", "suppressed", "calls"),
    [
        ([(0, 60)], [], [10]),
        # Over before it has waited for long enough.
        ([(0, 10)], [], []),
        ([(0, 11)], [], [10]),
        # The suppressor goes off while it waits, and afterwards the extension passes first.
        ([(0, 60)], [(5, 20)], [25]),
        ([(0, 25)], [(5, 20)], []),
        ([(0, 60)], [(10, 20)], [25]),
        # It has called already.
        ([(0, 60)], [(11, 20)], [10]),
        # The suppressor was up before it, or had just ended.
        ([(5, 60)], [(0, 20)], [25]),
        ([(5, 60)], [(0, 4)], [15]),
        ([(0, 60)], [(5, 20), (24, 40)], [45]),
        ([(0, 20), (30, 50)], [], [10, 40]),
    ],
)
def test_actions_wait_for_the_suppressor_and_for_its_extension(
    up: list[tuple[int, int]], suppressed: list[tuple[int, int]], calls: list[int]
) -> None:
    assert performed(up, suppressed, wait=10, extension=5) == calls


def test_a_composite_alarm_calls_for_its_silent_members_unless_it_is_suppressed() -> None:
    def reference(name: str) -> dict[str, Any]:
        return {"Fn::GetAtt": [name, "Arn"]}

    def any_of(*names: str) -> dict[str, Any]:
        parts: list[Any] = []
        for name in names:
            parts += [' OR ALARM("' if parts else 'ALARM("', reference(name), '")']
        return {"Fn::Join": ["", parts]}

    def count(name: str) -> dict[str, Any]:
        return HIGHER | COUNT | {"MetricName": name, "Period": 1800, "TreatMissingData": "notBreaching"}

    group = {
        "AlarmDescription": "[Page] x.",
        "AlarmRule": any_of("Queue0a1b2c3d", "Other0a1b2c3d"),
        "AlarmActions": ["topic"],
        "ActionsSuppressor": reference("Store0a1b2c3d"),
        "ActionsSuppressorWaitPeriod": 600,
        "ActionsSuppressorExtensionPeriod": 300,
    }
    members = {f"{name}0a1b2c3d": count(name) for name in ("Queue", "Other", "Store")}
    alarms = read_alarms(templates(Group0a1b2c3d=group, **members)).values()
    recording = Recording()
    recording.put("n", "Queue", {}, minute=10)
    assert [tuple(call) for call in judge(alarms, recording, range(200)).calls] == [(23, "Group", "Page")]
    recording.put("n", "Store", {}, minute=15)
    assert judge(alarms, recording, range(200)).calls == []
    recording.put("n", "Other", {}, minute=35)
    assert judge(alarms, recording, range(200)).of("Group") == [15 + 90 + 5]


# --- what is fed ------------------------------------------------------------------------------------------------------


def test_lines_of_the_embedded_metric_format_are_recorded_and_others_are_not() -> None:
    directive = {"Namespace": "n", "Dimensions": [["service"]], "Metrics": [{"Name": "Faults", "Unit": "Count"}]}
    line = {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, "service": "a", "Faults": [1.0, 2.0]}
    recording = Recording()
    recording.put_emf(["START RequestId: 1", json.dumps(line), '{"message": "hello"}'], 7)
    assert [tuple(datum) for datum in recording.of("n", "Faults", {"service": "a"})] == [
        (7, 1.0, 7 + LATE),
        (7, 2.0, 7 + LATE),
    ]


def test_a_filter_pattern_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="not understood"):
        MetricFilter("{ $.status > 499 }", "n", "Faults").matches({"status": "500"})
