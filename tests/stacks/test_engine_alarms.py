"""When the alarms of YAWL engines call, and whom."""

import pytest

from runtime.metric_names import YawlMetric
from tests.stacks.alarm_facts import alarms, named, on, speaker
from tests.synthesized import Assembly

LEVELS = (
    YawlMetric.ENGINE_FAULTS,
    YawlMetric.ENGINES_WITHOUT_POLL,
    YawlMetric.ENGINES_WITHOUT_ANNOUNCEMENT,
    YawlMetric.OLDEST_GOOD_POLL_AGE,
    YawlMetric.OLDEST_UNSENT_AGE,
)


@pytest.mark.parametrize("metric", LEVELS)
def test_a_level_stays_as_it_is_until_the_next_look(engines: Assembly, metric: YawlMetric) -> None:
    """That nobody looks has an alarm of its own."""
    (alarm, *_) = [a for a in on(engines, metric) if a.metrics[0].statistic == "Maximum"]
    assert alarm.properties["TreatMissingData"] == "ignore"
    assert alarm.metrics[0].dimensions == {"service": "yawl"}


def test_an_engine_that_announces_nothing_is_a_ticket(engines: Assembly) -> None:
    unheard = named(engines, "EnginesNotAnnounced")
    assert (unheard.severity, unheard.properties["Threshold"], unheard.metrics[0].statistic) == ("Ticket", 20, "Sum")


def test_an_engine_that_is_not_read_is_a_ticket_and_wakes_people_after_hours(engines: Assembly) -> None:
    first, later = named(engines, "EnginesWithoutPoll"), named(engines, "EnginesOldestGoodPoll")
    assert (first.severity, first.properties["Threshold"]) == ("Ticket", 1)
    hours = engines.stage.alarms.page_at_hours
    assert (later.severity, later.properties["Threshold"]) == ("Page", hours * 3600)
    assert f"for {hours} hours" in later.text


def test_lost_usage_pages_and_what_waits_for_a_person_is_a_ticket(engines: Assembly) -> None:
    severities = {
        name: speaker(engines, named(engines, name)).severity
        for name in ("EnginesUsageDeadLetters", "EnginesAccessLogDeadLetters", "EnginesUnattributed", "EnginesFaults")
    }
    assert severities == {
        "EnginesUsageDeadLetters": "Page",
        "EnginesAccessLogDeadLetters": "Page",
        "EnginesUnattributed": "Ticket",
        "EnginesFaults": "Ticket",
    }


def test_usage_that_is_looked_at_just_now_still_waits(engines: Assembly) -> None:
    """The function hides a message while it looks: the alarm would be over, and call again, time after time."""
    counted = {metric.name for metric in named(engines, "EnginesUnattributed").metrics}
    assert counted == {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"}


def test_a_dead_look_is_noticed_after_its_first_values_may_have_come(engines: Assembly) -> None:
    silent = named(engines, "EnginesNoLook")
    assert (silent.properties["Statistic"], silent.properties["TreatMissingData"]) == ("SampleCount", "breaching")
    assert speaker(engines, silent).properties["ActionsSuppressorWaitPeriod"] == 10 * 60


def test_without_access_logs_nothing_of_them_is_watched(local: Assembly) -> None:
    assert local.stage.engines
    assert not [alarm.name for alarm in alarms(local).values() if "AccessLog" in alarm.name]
