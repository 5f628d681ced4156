"""The comparison of a period customer by customer, in as many invocations as it takes."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ledger.audit_progress import AuditProgress, Progress
from ledger.findings import Finding, Findings
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from reconcile.customers import in_pages, pages
from reconcile.differences import store
from runtime.clock import from_iso, iso
from runtime.out_of_time import PATIENT, OutOfTime, Watch

#: The open findings of a day or month are looked at again once a day.
LOOK_AGAIN = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Book:
    """A book to compare with. Times are epoch seconds.

    depth: of its findings. period: the name of the period that begins at a time. beginning: the start of the period in
    which a time lies. following: the start of the next one. due: when a period is compared. open: its comparison.
    look_until: seconds for which a period with open findings is looked at again.
    """

    depth: str
    period: Callable[[int], str]
    beginning: Callable[[float], int]
    following: Callable[[int], int]
    due: Callable[[int], float]
    open: "Callable[[int], Comparison]"
    look_until: int


class Comparison:
    """One period's comparison: ``of`` customers, and the ``rest``.

    facts: what ``rest`` has to know of all customers, as DynamoDB stores it. Another invocation that goes on with the
    period gets it.
    """

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def recall(self, found: Iterable[Finding]) -> None:
        """Take in the open findings of the period, which say of it what is not looked at now."""

    def of(self, subscribers: Sequence[Subscriber]) -> Iterator[Finding]:
        """The differences of these customers."""
        raise NotImplementedError

    def rest(self) -> Iterator[Finding]:
        """The differences that are no customer's; asked after all customers, or as many as an invocation has met."""
        return iter(())


@dataclass(frozen=True, kw_only=True)
class Done:
    """What an invocation did. counts: new findings by kind, findings closed. periods: compared to their end."""

    counts: Counter[str]
    periods: int
    progress: Progress


class BookReconciliation:
    """Compares what is due, and looks again at open findings."""

    def __init__(
        self,
        book: Book,
        subscribers: Subscribers,
        findings: Findings,
        progress: AuditProgress,
        in_time: Watch = PATIENT,
    ) -> None:
        self._book = book
        self._subscribers = subscribers
        self._findings = findings
        self._progress = progress
        self._in_time = in_time

    def progress(self, now: float) -> Progress:
        """How far it has come; the first time it begins with the period of ``now``."""
        return self._progress.read(self._book.beginning(now), now)

    def run(self, now: float) -> Done:
        """Do what is due at ``now`` (epoch seconds), as far as the time reaches. Raises botocore's errors."""
        progress, counts, periods = self.progress(now), Counter[str](), 0
        try:
            while self._book.due(progress.following) <= now:
                progress = self._compare(progress, counts, now)
                periods += 1
            self._look_again(counts, now)
        except OutOfTime:
            return Done(counts=counts, periods=periods, progress=progress)
        progress = replace(progress, completed_at=int(now))
        self._progress.store(progress)
        return Done(counts=counts, periods=periods, progress=progress)

    def _compare(self, progress: Progress, counts: Counter[str], now: float) -> Progress:
        """Compare a period from its cursor to its end. Raises OutOfTime, with the cursor stored."""
        start = progress.following
        name, comparison = self._book.period(start), self._book.open(start)
        comparison.facts |= progress.facts
        mine = [each for each, _ in self._findings.open(self._book.depth) if each.period == name]
        for keys, cursor in pages(self._subscribers, progress.cursor):
            self._in_time()
            counts.update(self._store(comparison.of(self._subscribers.get_many(keys)), mine, keys, now))
            self._progress.store(replace(progress, cursor=cursor or progress.cursor, facts=comparison.facts))
        counts.update(store(self._findings, comparison.rest(), mine, lambda each: each.subject.startswith("#"), now))
        done = replace(progress, following=self._book.following(start), cursor={}, facts={})
        self._progress.store(done)
        return done

    def _store(self, found: Iterable[Finding], mine: list[Finding], keys: Iterable[str], now: float) -> Counter[str]:
        of = frozenset(keys)
        return store(self._findings, found, mine, lambda each: each.subject in of, now)

    def _look_again(self, counts: Counter[str], now: float) -> None:
        """Compare customers with an open finding again: a feed or an invoice may have come late."""
        since = iso(int(now - LOOK_AGAIN))
        periods: dict[str, list[Finding]] = {}
        for each, at in self._findings.open(self._book.depth):
            if at <= since and each.period >= self._book.period(self._book.beginning(now - self._book.look_until)):
                periods.setdefault(each.period, []).append(each)
        for name, some in sorted(periods.items()):
            comparison = self._book.open(start_of(name))
            comparison.recall(some)
            for keys in in_pages(sorted({each.subject for each in some if not each.subject.startswith("#")})):
                self._in_time()
                counts.update(self._store(comparison.of(self._subscribers.get_many(keys)), some, keys, now))
            if any(each.subject.startswith("#") for each in some):
                rest = comparison.rest()
                counts.update(store(self._findings, rest, some, lambda each: each.subject.startswith("#"), now))
            for each in some:
                self._findings.looked_at(each, now)


def start_of(period: str) -> int:
    """The beginning of a day (``2026-11-15``) or month (``2026-11``), epoch seconds."""
    return int(from_iso(f"{period}-01"[:10] + "T00:00Z"))
