"""What the comparisons with other books find calls people: by the functions' own metrics.

The ledger is written by the hourly run, the other book is the local Marketplace's log of calls; the archive holds what
its audit reads.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError

from ledger import tables
from ledger.audit_progress import AuditProgress
from marketplace_local.in_process import InProcessAdmin
from reconcile import kinds
from reconcile.handlers import reconcile_calls
from runtime.clock import from_iso
from tests.alarms.hourly import Watched, watched
from tests.alarms.life import Life, printed
from tests.alarms.proof import prove
from tests.scenarios.books import Audits
from tests.scenarios.world import START
from tests.synthesized import Assembly
from tests.unit.archive.test_audit_conservation import bucket, call
from tests.unit.messages import Context

HOUR = 3600
#: CloudTrail may show a call so many hours late, before which no line is lost.
LATE = 3
__all__ = ["bucket", "call"]


def context(milliseconds: int = 600_000) -> Any:
    """Lambda's, with so much time left."""
    made: Any = Context()
    made.get_remaining_time_in_millis = lambda: milliseconds
    return made


class Comparison:
    """A world whose calls of BatchMeterUsage are compared with the ledger, by the function's handler."""

    def __init__(self, world: Watched, patch: pytest.MonkeyPatch) -> None:
        world.server = cast(Any, SimpleNamespace(state=cast(InProcessAdmin, world.marketplace).state))
        self.world, self.audits = world, Audits(world)
        progress = AuditProgress(world.dynamodb.Table(tables.AUDIT.name), kinds.CALLS)
        made = self.audits.books, self.audits.findings, progress
        patch.setattr(reconcile_calls, "assembled", lambda: made)
        self.buyer = world.buyer()

    def compare(self, milliseconds: int = 600_000) -> None:
        """One call of the function."""
        self.world.print(lambda: reconcile_calls.handler({}, context(milliseconds)))

    def use(self) -> None:
        """Five units in the hour of ``START``; the comparisons begin before it."""
        self.world.report(self.world.event(self.buyer, "a", 5))
        self.compare()

    def meter_beside(self, client: Any, quantity: int) -> None:
        """A call that our functions do not make."""
        buyer = self.world.buyers[self.buyer]
        record = {
            "CustomerAWSAccountId": buyer["accountId"],
            "LicenseArn": buyer["licenseArn"],
            "Timestamp": datetime.fromtimestamp(START, UTC),
            "Dimension": "workflow_executions",
            "Quantity": quantity,
        }
        self.world.now = START + HOUR / 2
        client.batch_meter_usage(UsageRecords=[record])

    def later(self, hours: int, milliseconds: int = 600_000) -> None:
        """A call of the function in each of these hours."""
        for _ in range(hours):
            self.world.now += HOUR
            self.compare(milliseconds)


Play = Callable[[Comparison], None]
PLAYS: dict[str, Play] = {}


def plays(alarm: str) -> Callable[[Play], Play]:
    """The function plays this alarm's fault, and ends when it shows."""

    def registered(play: Play) -> Play:
        PLAYS[alarm] = play
        return play

    return registered


@plays("ReconciliationFindings")
def another_quantity(comparison: Comparison) -> None:
    """Our own role has sent another quantity before, so that Marketplace keeps that one."""
    comparison.use()
    comparison.meter_beside(comparison.audits.metering, 2)
    comparison.world.next_run()
    comparison.later(1)


@plays("ReconciliationForeignCalls")
def stranger(comparison: Comparison) -> None:
    comparison.use()
    comparison.meter_beside(comparison.audits.stranger, 8)
    comparison.world.next_run()
    comparison.later(1)


@plays("ReconciliationLinesLost")
def lost(comparison: Comparison) -> None:
    """No call of the line was answered until its deadline, and none of them has reached Marketplace."""

    def unanswered(**_: Any) -> Any:
        raise ReadTimeoutError(endpoint_url="https://metering")

    comparison.audits.metering.batch_meter_usage = unanswered  # type: ignore[method-assign]
    comparison.use()
    comparison.world.next_run()
    comparison.world.next_run(hours=23)
    comparison.later(LATE)


@plays("ReconciliationOverdue")
def no_time(comparison: Comparison) -> None:
    """Since a whole comparison each call has run out of time."""
    comparison.use()
    comparison.later(26, milliseconds=1)


@pytest.mark.parametrize("alarm", PLAYS)
def test_people_are_called(alarm: str, priced: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(priced)
    with watched(life, monkeypatch) as world:
        PLAYS[alarm](Comparison(world, monkeypatch))
        shows = world.minute
    prove(life, alarm, shows=shows)


def test_one_book_that_is_overdue_calls_once_beside_others_that_are_not(
    priced: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All books report one level, each at its own minutes: a good one must not end the alarm of another."""
    life = Life(priced)
    with watched(life, monkeypatch) as world:
        comparison = Comparison(world, monkeypatch)
        comparison.use()
        comparison.later(26, milliseconds=1)
        overdue, hours = world.minute, 12
        late = printed(lambda: reconcile_calls.handler({}, context(milliseconds=1)))
        comparison.compare()
        well = printed(lambda: reconcile_calls.handler({}, context()))
    for minute in range(overdue, overdue + hours * 60, 15):
        life.emf(well, minute + 5)
        if minute % 60 == overdue % 60:
            life.emf(late, minute)
    assert len(life.judged(range(overdue + hours * 60)).of("ReconciliationOverdue")) == 1


def test_units_that_do_not_add_up_in_the_archive(priced: Assembly, call: Any) -> None:
    """The archive of the day before has an event whose hour is missing."""
    life, audited = Life(priced), int(from_iso("1970-01-01T06:40:00Z") // 60)
    life.emf(printed(call), audited)
    prove(life, "ArchiveConservationFindings", shows=audited)


PLAYED = {*PLAYS, "ArchiveConservationFindings"}
