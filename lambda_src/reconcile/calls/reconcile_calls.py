"""What ``reconcile-calls`` does: confirm lines, compare hours that are due, look again at findings."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import partial

from ledger.audit_progress import AuditProgress, Progress
from ledger.findings import Finding, Findings
from marketplace.hour import SECONDS, hour_of
from reconcile import kinds
from reconcile.calls.confirm import LOOK_AGAIN, LOOK_UNTIL, confirm, unconfirmed
from reconcile.calls.hour import Books, differences
from reconcile.calls.rules import hour_name
from reconcile.calls.seen import Slot
from reconcile.differences import store
from runtime.clock import from_iso
from runtime.out_of_time import OutOfTime

#: An hour is compared so long after its start: its lines are sent for less than 24 hours, and CloudTrail shows a call
#: within minutes.
DUE_AFTER = 26 * SECONDS


@dataclass(frozen=True, kw_only=True)
class Done:
    """What an invocation did. counts: new findings by kind, lines confirmed, findings closed. hours: compared."""

    counts: Counter[str]
    hours: int
    progress: Progress


class CallsReconciliation:
    """The comparison with CloudTrail, hour by hour."""

    def __init__(self, books: Books, findings: Findings, progress: AuditProgress) -> None:
        self._books = books
        self._findings = findings
        self._progress = progress

    def progress(self, now: float) -> Progress:
        """How far it has come; the first time it begins with the hour that is due."""
        return self._progress.read(hour_of(now - DUE_AFTER), now)

    def run(self, now: float) -> Done:
        """Do what is due at ``now`` (epoch seconds), as far as the time reaches. Raises botocore's errors.

        Confirming takes half of the time at most, so that comparing goes on however many lines have to be confirmed.
        """
        progress, counts, hours = self.progress(now), Counter[str](), 0
        try:
            became, after = self._confirm_lines(now, float(progress.cursor.get("confirmedUntil", 0)))
            counts += became
            progress = replace(progress, cursor={"confirmedUntil": int(after)} if after else {})
            self._progress.store(progress)
            while progress.following + DUE_AFTER <= now:
                counts += self.compare(progress.following, now)
                progress = replace(progress, following=progress.following + SECONDS)
                self._progress.store(progress)
                hours += 1
            counts += self._look_again(now)
        except OutOfTime:
            return Done(counts=counts, hours=hours, progress=progress)
        if after:
            return Done(counts=counts, hours=hours, progress=progress)
        progress = replace(progress, completed_at=int(now))
        self._progress.store(progress)
        return Done(counts=counts, hours=hours, progress=progress)

    def _confirm_lines(self, now: float, after: float) -> tuple[Counter[str], float]:
        """Confirm lines that Marketplace may have billed, as ``confirm`` does."""
        looked = {
            (each.subject, each.dimension, each.period): from_iso(at)
            for each, at in self._findings.open(kinds.CALLS)
            if each.kind == kinds.UNVERIFIABLE
        }

        def rested(slot: Slot) -> bool:
            at = looked.get((slot[0], slot[1], hour_name(slot[2])))
            return at is None or (now - at >= LOOK_AGAIN and now - slot[2] < LOOK_UNTIL)

        books = self._books.within(self._books.in_time.half())
        return confirm(books, self._findings, unconfirmed(books, now, rested), now, after)

    def compare(self, hour: int, now: float) -> Counter[str]:
        """Compare one hour of all customers."""
        name = hour_name(hour)
        mine = [each for each, _ in self._findings.open(kinds.CALLS) if each.period == name]
        found = differences(self._books, hour, times=_times(mine))
        return store(self._findings, found, mine, partial(self._is_settled, hour), now)

    def _look_again(self, now: float) -> Counter[str]:
        """Compare again what was found a day ago or longer: an event may have come late, a line been resolved."""
        by_hour: dict[int, list[Finding]] = defaultdict(list)
        for each, at in self._findings.open(kinds.CALLS):
            hour = int(from_iso(each.period))
            if now - from_iso(at) >= LOOK_AGAIN and now - hour < LOOK_UNTIL:
                by_hour[hour].append(each)
        counts: Counter[str] = Counter()
        for hour, some in sorted(by_hour.items()):
            found = differences(self._books, hour, sorted({each.subject for each in some}), _times(some))
            counts += store(self._findings, found, some, partial(self._is_settled, hour), now)
            for each in some:
                self._findings.looked_at(each, now)
        return counts

    def _is_settled(self, hour: int, finding: Finding) -> bool:
        """Whether a finding that was not found again is closed: a line that cannot be judged stays until it can."""
        if finding.kind != kinds.UNVERIFIABLE:
            return True
        record = self._books.records.get(finding.subject, hour)
        line = record.lines.get(finding.dimension) if record else None
        return line is None or not line.unconfirmed


def _times(findings: list[Finding]) -> list[float]:
    return [from_iso(each.detail["seenAt"]) for each in findings if "seenAt" in each.detail]
