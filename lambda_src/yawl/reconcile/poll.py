"""One reading of an engine: what its log or its announcements have that is not committed yet becomes usage.

**Each start exactly once.** A start is committed in one transaction with the message that bills it: its mark in what is
known, under the condition that nobody has changed that meanwhile, and the message in the outbox. So

- a crash before the commit leaves nothing, and the next reading finds the start again;
- a crash after it leaves the message, whose content and customer are fixed, and every later reading sends it;
- of two readings at once one commits, and the other reads again what is known and plans what is left;
- a message that is sent twice holds the same events under the same ids, each of which is recorded once.

Nothing else decides: announcements, watermarks and counts only spare work or are looked at.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from runtime.clock import Clock
from runtime.metric_names import YawlMetric
from runtime.pause import Pause, full_jitter
from yawl.announced_start import AnnouncedStart
from yawl.engine import Engine
from yawl.log.ports import EngineLogError
from yawl.reconcile import audit, outbox
from yawl.reconcile.known import FoundCase, FoundStart, Known
from yawl.reconcile.plan import Plan, chunks, plan
from yawl.reconcile.pushed_starts import AGAIN_MS
from yawl.reconcile.source import CounterFellBack, Findings, Reading, StartSource
from yawl.reconcile.users import Users
from yawl.start import Start
from yawl.state.ports import Anchor, EngineState, Fault, Overtaken, Progress, Sender

#: How often a chunk is planned while other readings commit.
TRIES = 20
#: Milliseconds by which an engine's clock may differ from ours before it is counted.
CLOCK_OFF_MS = 120_000
#: Milliseconds after which an announcement of a start should have come, and a start should be in the log.
ANNOUNCED_MS = 120_000
LOGGED_MS = 3_600_000
#: Announcements that a reading of the log looks at. With more of them nothing is counted.
MOST_HINTS = 20_000

#: Adds a number to a metric.
Count = Callable[[YawlMetric, int], None]


class OutOfTime(Exception):
    """The function's time is nearly over: the next reading goes on. What was committed stays so."""


@dataclass(frozen=True, kw_only=True)
class Polled:
    """What became of a reading. fault: why the engine is not read at all. problems: errors that kept a part of it from
    being read or sent; the reading was good without one."""

    starts: int = 0
    unattributed: int = 0
    users: int = 0
    fault: str | None = None
    problems: tuple[Exception, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether everything that the log has was read, and all of it is sent."""
        return self.fault is None and not self.problems


#: The comparison of a day with our counts of it: ``audit.compare`` with the engine's log.
Audit = Callable[[str, Mapping[int, int]], audit.Audited]


@dataclass(frozen=True, kw_only=True)
class Poll:
    """Reads one engine.

    state: of the engine's database. older: states of its earlier databases, whose messages may not all be sent. users,
    audited: None where the engine has none, or no log. note: takes what people may want to know, as a log line.
    seconds_left: of the function's time.
    """

    engine: Engine
    state: EngineState
    source: StartSource
    sender: Sender
    clock: Clock
    count: Count
    older: Sequence[EngineState] = ()
    users: Users | None = None
    audited: Audit | None = None
    note: Callable[..., None] = lambda *_args, **_fields: None
    seconds_left: Callable[[], float] = lambda: float("inf")
    pause: Pause = full_jitter

    def run(self) -> Polled:
        """Read the engine once. Raises the store's errors alone; a repetition is safe at every point."""
        now_ms = int(self.clock() * 1000)
        unsent = [error for state in (*self.older, self.state) for error in outbox.send_all(state, self.sender).errors]
        # In this order: who stores a fault forgets the anchor afterwards, so one of the two is always seen.
        progress, fault = self.state.progress(), self.state.fault()
        if fault is not None and fault.stops:
            self.count(YawlMetric.POLLS_FAILED, 1)
            return Polled(fault=fault.reason, problems=tuple(unsent))
        try:
            polled = self._read(progress, now_ms)
        except CounterFellBack as error:
            self.state.stop(Fault(str(error), now_ms))
            polled = Polled(fault=str(error))
        except (EngineLogError, OutOfTime) as error:
            polled = Polled(problems=(error,))
        polled = replace(polled, problems=(*unsent, *polled.problems))
        self.count(YawlMetric.POLLS_GOOD if polled.is_good else YawlMetric.POLLS_FAILED, 1)
        first = polled.problems[0] if polled.problems else None
        self.state.polled(now_ms, polled.fault or (type(first).__name__ if first else None))
        return polled

    def _read(self, progress: Progress, now_ms: int) -> Polled:
        if progress.anchor is not None:
            self.source.check(progress.anchor)
        announced = list(self._announced(progress, now_ms))
        reading = Reading(known=self.state.known(), progress=progress, announced=announced, now_ms=now_ms)
        findings = Findings(progress)
        committing = _Committing(self, reading.known)
        found = _InTime(self.source.find(reading, findings), self.seconds_left)
        try:
            for chunk in chunks(found):
                committing.commit(chunk)
            if found.is_cut:
                raise OutOfTime("the log has more than one reading takes")
        finally:
            # What was committed is remembered as the anchor even if the reading ends here.
            if committing.anchor is not None and committing.anchor != progress.anchor:
                self._move_anchor(progress.anchor, committing.anchor)
        starts = tuple(committing.starts)
        self._look_at(reading, findings, committing, now_ms)
        self._advance(progress, findings, now_ms)
        problems, users = [*findings.problems, *committing.unsent], 0
        behind = now_ms + min(0, findings.clock_offset_ms or 0)
        try:
            users = self._users(progress, behind)
            if not problems:
                self._audit(progress, behind)
        except EngineLogError as error:
            problems.append(error)
        return Polled(starts=len(starts), unattributed=committing.unattributed, users=users, problems=tuple(problems))

    def _move_anchor(self, before: Anchor | None, anchor: Anchor) -> None:
        """Store the anchor. Another reading may have stored one meanwhile: this one's log has to have that, too."""
        stored = self.state.progress().anchor
        if stored is not None and stored != before:
            self.source.check(stored)
        self.state.advance(anchor=anchor)

    def _announced(self, progress: Progress, now_ms: int) -> Sequence[AnnouncedStart]:
        if self.engine.mode == "log-only":
            return ()
        hints = self.state.announced(max(0, progress.hints_until - AGAIN_MS), now_ms)
        # Where the log bills they only help: who knows a secret could send more than a reading holds.
        return list(hints if self.engine.mode == "push-only" else islice(hints, MOST_HINTS))

    def _look_at(self, reading: Reading, findings: Findings, committing: "_Committing", now_ms: int) -> None:
        """Count what people should know of; nothing follows from it."""
        offset_ms = findings.clock_offset_ms or 0
        if abs(offset_ms) > CLOCK_OFF_MS:
            self.count(YawlMetric.ENGINE_CLOCK_OFF, 1)
            self.note("engine clock off", engine=self.engine.id, seconds=round(offset_ms / 1000))
        if findings.without_row:
            self.count(YawlMetric.CASES_WITHOUT_ROW, findings.without_row)
            self.note("cases without row", engine=self.engine.id, cases=findings.without_row)
        if findings.warning is not None:
            self.state.stop(Fault(findings.warning, now_ms, stops=False))
        if self.engine.mode != "log" or len(reading.announced) == MOST_HINTS:
            return
        announced = {hint.case_id for hint in reading.announced}
        silent = [
            start
            for start in committing.starts
            if start.number == 1
            and start.case_id not in announced
            # Before the first reading the engine did not have our address, maybe.
            and 0 < reading.progress.hints_until <= start.at_ms <= now_ms - ANNOUNCED_MS
        ]
        if silent:
            self.count(YawlMetric.STARTS_NOT_ANNOUNCED, len(silent))
        if not findings.problems:
            since, until = reading.progress.hints_until, _logged_until(now_ms, findings)
            old = {hint.case_id for hint in reading.announced if since < hint.at_ms <= until}
            if lost := sum(not committing.known.count(case_id) for case_id in old):
                self.count(YawlMetric.PUSHES_WITHOUT_CASE, lost)

    def _advance(self, before: Progress, findings: Findings, now_ms: int) -> None:
        """Store how far the reading came. Announcements that the log may still confirm stay to be looked at."""
        hints = now_ms if self.engine.mode == "push-only" else _logged_until(now_ms, findings)
        if findings.problems:
            hints = before.hints_until
        after = replace(findings.progress, hints_until=max(before.hints_until, hints))
        names = ("floor", "checkpoint", "hints_until", "services", "waiting")
        changed = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
        if changed:
            self.state.advance(**changed)

    def _users(self, progress: Progress, now_ms: int) -> int:
        if self.users is None:
            return 0
        found = self.users.count(progress.users_until, now_ms)
        if found:
            self.count(YawlMetric.USERS_FOUND, found)
            self._send()
        return found

    def _audit(self, progress: Progress, now_ms: int) -> None:
        """Compare the last day, once: only after a reading that read and committed everything."""
        if self.audited is None or not self.engine.audit:
            return
        day = audit.due_day(self.engine, progress.audited_day, now_ms)
        if day is None:
            return
        audited = self.audited(day, self.state.started(day))
        if audited.left_out:
            self.note("audit left out", engine=self.engine.id, day=day, specifications=audited.left_out)
        for difference in audited.differences:
            specification = difference.specification
            named = {"specification": specification.uri, "version": specification.version, "key": specification.key}
            numbers = {"theirs": difference.theirs, "ours": difference.ours}
            self.note("audit difference", engine=self.engine.id, day=day, **named, **numbers)
        self.count(YawlMetric.AUDIT_DIFFERENCES, len(audited.differences))
        self.state.advance(audited_day=day)

    def _send(self) -> Sequence[Exception]:
        return outbox.send_all(self.state, self.sender).errors


def _logged_until(now_ms: int, findings: Findings) -> int:
    """Announcements up to this moment should be in the log. A clock ahead of ours makes the log's rows wait."""
    return now_ms - LOGGED_MS - max(0, findings.clock_offset_ms or 0)


class _InTime:
    """Found cases as long as there is time: each takes a question, and a large engine answers two in a second.

    is_cut: whether there may be more.
    """

    def __init__(self, found: Iterable[FoundCase], seconds_left: Callable[[], float]) -> None:
        self._found, self._seconds_left = found, seconds_left
        self.is_cut = False

    def __iter__(self) -> Iterator[FoundCase]:
        for case in self._found:
            yield case
            if self._seconds_left() <= 0:
                self.is_cut = True
                return


@dataclass
class _Committing:
    """Commits chunk by chunk. known: after the last one. starts: committed to be billed. anchor: the latest start that
    the log gave, of the committed ones."""

    poll: Poll
    known: Known
    starts: list[Start] = field(default_factory=list)
    unattributed: int = 0
    anchor: Anchor | None = None
    unsent: list[Exception] = field(default_factory=list)

    def commit(self, cases: Sequence[FoundCase]) -> None:
        """Commit what is new of these cases, and send it. Raises Overtaken if others commit all the time."""
        planned = self._committed(cases)
        if planned.starts:
            self.poll.count(YawlMetric.STARTS_FOUND, len(planned.starts))
            self.unsent += self.poll._send()
        if planned.unattributed:
            self.poll.count(YawlMetric.STARTS_UNATTRIBUTED, planned.unattributed)
        self.starts += planned.starts
        self.unattributed += planned.unattributed
        if planned.change.known == Known():
            return
        for case in cases:
            for found in case.starts:
                self._maybe_anchor(case.case_id, found)

    def _committed(self, cases: Sequence[FoundCase]) -> Plan:
        for attempt in range(TRIES):
            planned = plan(cases, self.known, self.poll.engine)
            if planned.change.known == Known():
                return planned
            try:
                self.poll.state.commit(planned.change)
            except Overtaken:
                self.poll.pause(attempt)
                self.known = self.poll.state.known()
                # A first reading began without an anchor. The one that was quicker may have read another database.
                anchor = self.poll.state.progress().anchor
                if anchor is not None:
                    self.poll.source.check(anchor)
                continue
            self.known = self.known.committed(planned.change.known)
            return planned
        raise Overtaken("other readings of this engine commit all the time")

    def _maybe_anchor(self, case_id: str, found: FoundStart) -> None:
        if found.net_instance and (self.anchor is None or found.at_ms > self.anchor.at_ms):
            self.anchor = Anchor(case_id, found.net_instance, found.at_ms)
