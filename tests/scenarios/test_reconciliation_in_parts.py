"""A comparison that an invocation cannot end: what comes later has its turn all the same, and nothing is missed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger import tables
from ledger.audit_progress import AuditProgress
from marketplace.metering_calls import MeteringCall
from marketplace.usage_feed import UsageFeed
from reconcile import kinds
from reconcile.books.by_customer import BookReconciliation
from reconcile.books.usage import usage_book
from reconcile.calls.reconcile_calls import CallsReconciliation
from runtime.out_of_time import RESERVE, OutOfTime, Watch
from tests.scenarios.books import Audits, FeedBucket
from tests.scenarios.world import START, World, world

HOUR, DAY = 3_600, 86_400
RUNS = "workflow_executions"


@pytest.fixture
def audits() -> Iterator[Audits]:
    with world() as made:
        found = Audits(made)
        # The comparison begins with the hour that is due when it runs for the first time.
        AuditProgress(made.dynamodb.Table(tables.AUDIT.name), kinds.CALLS).read(int(START) - HOUR, START)
        yield found


def uncertain(audits: Audits) -> str:
    """A customer whose line ended by a DuplicateRecord after an answer that was lost."""
    at = audits.world
    customer = at.buyer(active_from=START - DAY)
    at.report(at.event(customer, f"e-{customer}-{at.now}", 5))
    at.now += 1.25 * HOUR
    at.marketplace.set_settings(identicalResend="DuplicateRecord")
    at.marketplace.arm("lost-answer")
    at.run()
    at.run()
    at.marketplace.set_settings(identicalResend="Success")
    return customer


def verdict(at: World, customer: str) -> str | None:
    (record,) = at.records.of_customer(customer, int(START) - DAY, int(START) + 10 * DAY, 10)
    return record.lines[RUNS].verdict


def invocation(audits: Audits, seconds: float) -> CallsReconciliation:
    """The comparison with so much time, of which each request of CloudTrail takes its part."""
    ends = audits.waits.seconds + seconds
    books = audits.books.within(Watch(lambda: ends - audits.waits.seconds))
    return CallsReconciliation(books, audits.findings, audits.calls._progress)


def test_half_of_the_time_is_left_for_others() -> None:
    left = 860.0
    watch = Watch(lambda: left)
    half = watch.half()
    left = 500.0
    half()
    left = 459.0
    watch()
    with pytest.raises(OutOfTime):
        half()
    left = RESERVE - 1
    with pytest.raises(OutOfTime):
        watch()


def test_lines_to_confirm_never_keep_hours_from_being_compared(audits: Audits) -> None:
    """Three lines of three days, each in a stretch of its own, and time for one or two requests of CloudTrail."""
    at = audits.world
    customers = []
    for _ in range(3):
        customers.append(uncertain(audits))
        at.now += DAY
    assert [verdict(at, each) for each in customers] == ["presumed_on_file"] * 3
    compared, rounds = 0, []
    for _ in range(12):
        done = invocation(audits, RESERVE + 2.6).run(at.now)
        compared += done.hours
        rounds.append((done.hours, done.counts["on_file"], done.progress.cursor))
        assert done.hours, "an hour is compared in each invocation, whatever waits to be confirmed"
    assert [verdict(at, each) for each in customers] == ["on_file"] * 3
    assert compared >= 12
    assert not rounds[-1][2]
    assert rounds[0][1] < 3, "the first invocation had no time for all of them"


def test_a_stretch_that_takes_more_than_the_time_holds_up_no_other(
    audits: Audits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest stretch has more calls than are read in the time of a look; the other one is read in the next look."""
    at = audits.world
    first = uncertain(audits)
    at.now += DAY
    second = uncertain(audits)
    at.now += HOUR
    between, endless = audits.books.calls.between, at.records.of_customer(first, int(START), int(START), 1)[0]

    def calls(start: float, end: float) -> Iterator[MeteringCall]:
        for call in between(start, end):
            while start < endless.hour + HOUR < end:
                audits.waits.sleep(10)
                yield call._replace(event_id=str(audits.waits.seconds), records=())
            yield call

    monkeypatch.setattr(audits.books.calls, "between", calls)
    looks = [invocation(audits, RESERVE + 200).run(at.now) for _ in range(2)]
    assert looks[0].progress.cursor["confirmedUntil"] > endless.hour
    assert (verdict(at, second), looks[1].counts["on_file"]) == ("on_file", 1)
    assert looks[1].progress.completed_at < at.now, "what is left makes the comparison's age grow"


class Ends(Watch):
    """No time after so many pages of customers."""

    def __init__(self, pages: int) -> None:
        super().__init__(lambda: 1e9)
        self.pages = pages

    def __call__(self) -> None:
        self.pages -= 1
        if self.pages < 0:
            raise OutOfTime


def feedless(audits: Audits) -> Callable[[Watch], BookReconciliation]:
    """The comparison with a feed that has nothing, from the day of START on."""
    at = audits.world
    progress = AuditProgress(at.dynamodb.Table(tables.AUDIT.name), kinds.USAGE)
    progress.read(int(START // DAY) * DAY, START)
    bucket: Any = FeedBucket(dict)
    book = usage_book(at.records, at.subscribers, UsageFeed(bucket, "seller", ""), at.products)
    return lambda watch: BookReconciliation(book, at.subscribers, audits.findings, progress, watch)


def billed_at_first(audits: Audits) -> None:
    """The only customer with billed usage is in an early page of customers; there are more pages behind it."""
    at = audits.world
    customer = at.buyer()
    at.report(at.event(customer, "e", 5))
    at.now += 1.25 * HOUR
    at.run()
    assert verdict(at, customer) == "billed"
    at.now = START + 4.5 * DAY


def test_a_feed_without_a_row_is_found_although_the_comparison_took_two_invocations(audits: Audits) -> None:
    billed_at_first(audits)
    comparison = feedless(audits)
    # The status `active` is the second page.
    assert comparison(Ends(2)).run(audits.world.now).periods == 0
    assert comparison(Ends(100)).run(audits.world.now).periods
    assert {(each.period, each.kind) for each, _ in audits.findings.open(kinds.USAGE)} == {
        ("2026-11-15", kinds.NO_DATA)
    }


def test_a_feed_that_is_still_missing_is_not_taken_for_one_that_came(audits: Audits) -> None:
    """A day later the stage's finding is looked at again, and no customer."""
    billed_at_first(audits)
    comparison = feedless(audits)
    comparison(Ends(100)).run(audits.world.now)
    audits.world.now += 1.1 * DAY
    comparison(Ends(100)).run(audits.world.now)
    assert [each.kind for each, _ in audits.findings.open(kinds.USAGE)] == [kinds.NO_DATA]
