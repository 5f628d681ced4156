"""When alarms call: not on the first day, in time after a missed run, and for as long as their cause lasts."""

from collections.abc import Sequence

import pytest

from local.alarm_judge import Alarm, Recording, State, judge
from local.alarm_judge.composite_alarm import state_at
from local.alarm_judge.recording import LATE
from runtime.metric_names import MeteringMetric
from tests.stacks.alarm_facts import alarms, named, on, speaker
from tests.synthesized import Assembly

DAY = 24 * 60
#: Minutes after the deployment of the schedules: a rate's first invocation comes one interval later.
FIRST_LOOK = 5


@pytest.fixture(scope="module")
def prod(engines: Assembly) -> Assembly:
    """The stage with all alarms takes the place of the shipped one."""
    return engines


def wait_of(prod: Assembly, alarm: Alarm) -> int:
    """Minutes."""
    return int(speaker(prod, alarm).properties["ActionsSuppressorWaitPeriod"]) // 60


def recorded(alarm: Alarm, values: Sequence[tuple[int, float]]) -> Recording:
    """A recording of the one metric that the alarm looks at. values: each with its minute."""
    recording = Recording()
    (metric,) = alarm.metrics
    for minute, value in values:
        recording.put(metric.namespace, metric.name, metric.dimensions, minute=minute, value=value)
    return recording


def states(alarm: Alarm, values: Sequence[tuple[int, float]], minutes: range) -> list[State]:
    """The alarm's state in each minute."""
    found = judge([alarm], recorded(alarm, values), minutes).states[alarm.name]
    return [state_at(found, minute) for minute in minutes]


def told(prod: Assembly, alarm: Alarm, values: Sequence[tuple[int, float]], minutes: range) -> list[int]:
    """The minutes in which people are called because of this alarm."""
    judgement = judge(alarms(prod).values(), recorded(alarm, values), minutes)
    return judgement.of(speaker(prod, alarm).name)


def looks(deployed: int, until: int) -> list[int]:
    """They come within a minute of their time."""
    return [minute + (number % 2) for number, minute in enumerate(range(deployed + FIRST_LOOK, until, 5))]


def ticks(deployed: int, runs: list[int], until: int) -> list[tuple[int, float]]:
    """Values of RunsCompleted: a nought with every look, one with every run that has completed."""
    return sorted([(minute, 0.0) for minute in looks(deployed, until)] + [(minute, 1.0) for minute in runs])


def missed_run(prod: Assembly) -> Alarm:
    return named(prod, "MeteringRunDidNotHappen")


def test_a_missing_run_is_seen_by_the_noughts_and_not_by_missing_data(prod: Assembly) -> None:
    (alarm,) = on(prod, MeteringMetric.RUNS_COMPLETED)
    assert alarm == missed_run(prod)
    assert (alarm.properties["Statistic"], alarm.properties["ComparisonOperator"]) == ("Sum", "LessThanThreshold")
    assert (alarm.properties["Threshold"], alarm.properties["TreatMissingData"]) == (1, "ignore")
    assert (alarm.properties["Period"], alarm.properties["EvaluationPeriods"]) == (600, 10)
    assert "DatapointsToAlarm" not in alarm.properties
    # Every period has a zero: look-after-leavers runs twice in it.
    (ticking,) = prod.schedules("look-after-leavers")
    assert ticking["ScheduleExpression"] == "rate(5 minutes)"
    assert speaker(prod, alarm).severity == "Page"


@pytest.mark.parametrize("deployed", [0, 8, 9, 10, 11, 12, 37, 59])
def test_nothing_pages_on_the_first_day_by_itself(prod: Assembly, deployed: int) -> None:
    """Whenever in the hour it is deployed. The alarms are made right after the schedules, in the worst case."""
    minutes = range(deployed + 1, deployed + DAY)
    runs = [minute + 1 for minute in range(10, deployed + DAY, 60) if minute > deployed]
    alarm = named(prod, "MeteringRunDidNotHappen")
    found = states(alarm, ticks(deployed, runs, deployed + DAY), minutes)
    assert "ALARM" not in found

    watched = named(prod, "FinalMeteringNoLook")
    seen = states(watched, [(minute, 0.0) for minute in looks(deployed, deployed + DAY)], minutes)
    assert "ALARM" in seen, "values are missing at first, so it is up until somebody has looked"
    assert seen[-1] == "OK"
    assert not told(prod, watched, [(minute, 0.0) for minute in looks(deployed, deployed + DAY)], minutes)


def test_alarms_of_the_looks_treat_missing_data_as_bad_and_wait_for_the_first_value(prod: Assembly) -> None:
    found = [a.name for a in alarms(prod).values() if a.properties.get("TreatMissingData") == "breaching"]
    assert sorted(found) == ["EnginesNoLook", "FinalMeteringNoLook"]


def test_no_alarm_listens_to_insufficient_data(prod: Assembly) -> None:
    """Every alarm has too little data when it is made."""
    assert not [a.name for a in alarms(prod).values() if "InsufficientDataActions" in a.properties]


def test_a_missing_first_run_pages_too(prod: Assembly) -> None:
    minutes = range(1, 4 * 60)
    alarm = named(prod, "MeteringRunDidNotHappen")
    (page,) = told(prod, alarm, ticks(0, [], 4 * 60), minutes)
    assert page <= 130


@pytest.mark.parametrize("took", [1, 5, 9])
def test_a_missed_run_pages_within_75_minutes_of_its_hour(prod: Assembly, took: int) -> None:
    """took: minutes of the run before, which began at ten past nine. The missed hour ends at ten."""
    minutes = range(9 * 60, 14 * 60)
    runs = [hour * 60 + prod.stage.seal_delay_minutes + took for hour in range(10)]
    alarm = named(prod, "MeteringRunDidNotHappen")
    (page,) = told(prod, alarm, ticks(0, runs, 14 * 60), minutes)
    assert 10 * 60 + prod.stage.seal_delay_minutes < page <= 11 * 60 + 15


@pytest.mark.parametrize("longest", [1, 20, 44])
def test_runs_of_unlike_length_are_not_missed(prod: Assembly, longest: int) -> None:
    minutes = range(3 * 60, 20 * 60)
    runs = [hour * 60 + 10 + (longest if hour % 2 else 1) for hour in range(21)]
    alarm = named(prod, "MeteringRunDidNotHappen")
    assert not told(prod, alarm, ticks(0, runs, 20 * 60), minutes)


def test_a_missed_run_stays_in_alarm_when_the_schedule_dies_as_well(prod: Assembly) -> None:
    minutes = range(9 * 60, 20 * 60)
    values = [(minute, value) for minute, value in ticks(0, [8 * 60 + 11], 20 * 60) if minute < 12 * 60]
    found = states(missed_run(prod), values, minutes)
    assert found[-1] == "ALARM"


def test_a_dead_look_after_leavers_pages_well_within_the_grace(prod: Assembly) -> None:
    minutes = range(60, 300)
    alarm = named(prod, "FinalMeteringNoLook")
    assert alarm.metrics[0].statistic == "SampleCount"
    values = [(minute, 0.0) for minute in looks(0, 120)]
    (page,) = told(prod, alarm, values, minutes)
    assert page - 120 <= 45
    assert speaker(prod, alarm).severity == "Page"


@pytest.mark.parametrize(
    "metric",
    [
        MeteringMetric.OLDEST_PENDING_HOUR_AGE,
        MeteringMetric.NEAREST_DEADLINE,
        MeteringMetric.AT_RISK_LINES,
        MeteringMetric.FAILED_LINES,
        MeteringMetric.LEAVERS_OVERDUE,
    ],
)
def test_a_level_stays_in_alarm_until_a_better_reading(prod: Assembly, metric: MeteringMetric) -> None:
    """Its reader dies: an alarm that went over by itself would say that all is well."""
    found = [alarm for alarm in on(prod, metric) if alarm.name != "FinalMeteringNoLook"]
    assert found
    for alarm in found:
        below = alarm.properties["ComparisonOperator"] == "LessThanThreshold"
        assert alarm.metrics[0].statistic == ("Minimum" if below else "Maximum")
        bad, good = (0.0, 1e9) if below else (1e9, 0.0)
        dead = states(alarm, [(10, bad)], range(1, 600))
        assert (dead[0], dead[-1]) == ("INSUFFICIENT_DATA", "ALARM")
        better = states(alarm, [(10, bad), (70, good)], range(1, 600))
        assert better[-1] == "OK"
        assert better[70 + LATE] == "OK", "the last reading decides, not the worst of an hour"


def test_a_silent_alarm_stays_up_for_longer_than_its_group_waits(prod: Assembly) -> None:
    """A group does not call for a count that is over before."""
    counts = [
        alarm
        for alarm in alarms(prod).values()
        if alarm.severity == "Silent" and alarm.metrics and alarm.metrics[0].statistic == "Sum"
        if alarm.properties["ComparisonOperator"] != "LessThanThreshold" and alarm.name != "StoreCanary"
    ]
    assert len(counts) > 20
    for alarm in counts:
        periods = alarm.properties["EvaluationPeriods"]
        # An event counts until it leaves the window; M of N periods need M that are left in it.
        lasts = alarm.period * (periods - alarm.properties.get("DatapointsToAlarm", 1) + 1) // 60
        assert lasts >= wait_of(prod, alarm) + 5, alarm.name


@pytest.mark.parametrize("name", ["MeteringRunFailed", "MeteringRunTimedOut"])
def test_a_run_that_fails_every_hour_calls_each_time(prod: Assembly, name: str) -> None:
    alarm = named(prod, name)
    values = [(hour * 60 + 12, 1.0) for hour in range(5)]
    minutes = range(1, 5 * 60)
    assert len(told(prod, alarm, values, minutes)) == 5


@pytest.mark.parametrize("metric", [MeteringMetric.LINES_CONFLICT, MeteringMetric.LINES_EXPIRED])
def test_every_run_that_loses_usage_pages_anew(prod: Assembly, metric: MeteringMetric) -> None:
    (alarm,) = on(prod, metric)
    # Runs are an hour apart, so the alarm is over before the next one.
    assert alarm.period * alarm.properties["EvaluationPeriods"] < 3600


def test_cloudwatch_accepts_the_windows(prod: Assembly) -> None:
    """Of an alarm with periods under an hour: a day at most (PutMetricAlarm, EvaluationPeriods)."""
    for alarm in alarms(prod).values():
        if "AlarmRule" not in alarm.properties:
            assert alarm.period % 60 == 0
            assert alarm.period * alarm.properties["EvaluationPeriods"] <= 86400, alarm.name
