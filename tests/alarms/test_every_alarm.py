"""No alarm is without a proof, and no proof or entry of the table without an alarm."""

from fnmatch import fnmatchcase

from tests.alarms import test_aws_metrics, test_books, test_buyers, test_engines, test_events, test_hourly_run
from tests.alarms.faults import FAULTS
from tests.alarms.life import Life
from tests.alarms.page import PAGE, page
from tests.synthesized import Assembly

PLAYED = {
    *test_aws_metrics.PLAYED,
    *test_books.PLAYED,
    *test_buyers.PLAYS,
    *test_engines.PLAYED,
    *test_events.PLAYED,
    *test_hourly_run.PLAYS,
}


def test_every_alarm_is_played(priced: Assembly, prod: Assembly) -> None:
    for assembly in (priced, prod):
        alarms = Life(assembly).alarms.values()
        played = {alarm.logical_id for alarm in alarms if alarm.name in PLAYED}
        for alarm in alarms:
            # One for which its members call is played with them.
            assert alarm.logical_id in played or played & set(alarm.members if alarm.composite else ()), (
                f"the alarm {alarm.name} has no proof that it calls: play its fault in a file of tests/alarms, and name"
                " the fault in tests/alarms/faults.py"
            )


def test_every_proof_is_of_an_alarm(priced: Assembly) -> None:
    assert {*Life(priced).alarms} >= PLAYED


def test_every_entry_is_of_an_alarm() -> None:
    for pattern in FAULTS:
        assert [name for name in PLAYED if fnmatchcase(name, pattern)], f"no alarm is called {pattern} (faults.py)"


def test_the_page_of_alarms_is_up_to_date(priced: Assembly) -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(priced), "docs/alarms.md is old: run `python -m tests.alarms.page`"
