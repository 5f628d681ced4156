"""Started cases by the engine's own log (interface E), whatever it lacks.

- The lists of case ids are the way to what is new: one call for each specification, one for each new case id.
- **They are not complete**: of cases that start at the same moment as their specification's first one, the log may
  forget the specification for ever, and with it the case in every list (seen on an engine 6.1). Such a case has a row
  of its start all the same. So numbers that are missing below the counter are asked for, the next ones above it, and
  case ids that were announced. A number that stays missing is given up an hour or two later; listed after all, it is
  found.
- Rows are written a moment after the start, in any order. What is not there yet waits for the next reading.
- A start ahead of our clock waits until it is past: ``POST /usage`` refuses the future.

A launch that fails and is rolled back may leave a row of a start and a net instance, and nothing in the log tells it
from a case that ran: a case without tasks leaves no more, and rows of its end get lost. It counts as a start.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

from yawl.engine import Engine
from yawl.log.ports import CaseStart, EngineFailure, EngineLog, EngineLogError, EngineUnreachable
from yawl.reconcile import listing
from yawl.reconcile.audit import MOST_COUNTED
from yawl.reconcile.known import FoundCase, FoundStart, Known, number_of
from yawl.reconcile.listing import Listed
from yawl.reconcile.source import CounterFellBack, Findings, Reading
from yawl.start import Specification, case_name
from yawl.state.ports import Anchor

#: Milliseconds after which a listed case without a row is a finding, and a missing number is given up.
PATIENCE_MS = 3_600_000
#: Milliseconds after which a listed case without a row is not asked for again.
GIVEN_UP_MS = 24 * PATIENCE_MS
#: A case that no list had counts as lost from them once its start is so old: the next reading may find it listed.
SETTLED_MS = 120_000
#: Questions of one reading about case ids that no list has.
MOST_ASKED = 100
#: How often an engine that does not answer is asked, and the seconds between.
TRIES = 6
BETWEEN_SECONDS = 5.0
#: Seconds after which lists are read again to attribute their cases.
AGAIN_SECONDS = 1.0
#: Listed cases without a row whose first sight is remembered.
MOST_WAITING = 1000
#: New numbers in a run that are taken for the engine's counter.
A_COUNTER = 3
#: Case numbers from before ``since``, one after another, at which the first reading stops. With a million cases an
#: engine answers two questions a second: so many fit into one reading, and a reading that is cut begins to count anew.
OLD_FOR_SURE = 300


Answer = TypeVar("Answer")


@dataclass(frozen=True)
class LogStarts:
    """A StartSource. log: raises EngineLogError."""

    engine: Engine
    log: EngineLog

    def check(self, anchor: Anchor) -> None:
        rows = self._patiently(lambda: self.log.case_starts(anchor.case_id))
        if not any((row.net_instance, row.at_ms) == (anchor.net_instance, anchor.at_ms) for row in rows):
            raise CounterFellBack("the log does not have a start any more that it had")

    def find(self, reading: Reading, findings: Findings) -> Iterator[FoundCase]:
        # The offset is known once the log has answered.
        specifications = self._patiently(self.log.specifications)
        first_reading = reading.progress.floor is None
        until = reading.now_ms + (self.log.clock_offset_ms or 0) - SETTLED_MS
        lists = self._lists(specifications, findings, must_be_whole=first_reading)
        listed = listing.unknown(lists, reading.known)
        if self.engine.attributed_by == "specification":
            listed = self._confirmed(listed, findings)
        sizes = {specification: len(case_ids) for specification, case_ids in lists.items()}
        is_whole = len(lists) == len(specifications) and not findings.problems
        opened = _Opened(self, reading, findings, sizes, is_whole)
        if first_reading:
            yield from self._first(opened, listed)
        else:
            for case_id in listing.in_order(listed):
                yield from opened.listed(case_id, listed[case_id])
        numbers = {number for case_id in listed if (number := number_of(case_id)) is not None}
        yield from self._unlisted(opened, listed, numbers, until)
        waiting = dict(sorted(opened.waiting.items(), key=itemgetter(1))[:MOST_WAITING])
        findings.note(waiting=waiting, services=opened.services)
        findings.clock_offset_ms = self.log.clock_offset_ms

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """The answer of an engine that may just be starting: it announces that some moments before its port opens."""
        for _ in range(TRIES - 1):
            try:
                return ask()
            except (EngineUnreachable, EngineFailure):
                time.sleep(BETWEEN_SECONDS)
        return ask()

    def _lists(
        self, specifications: Sequence[Specification], findings: Findings, must_be_whole: bool
    ) -> dict[Specification, Sequence[str]]:
        lists: dict[Specification, Sequence[str]] = {}
        for specification in specifications:
            try:
                lists[specification] = self.log.case_ids(specification)
            except EngineLogError as error:
                if must_be_whole:
                    raise
                findings.problems.append(error)
        return lists

    def _confirmed(self, listed: Mapping[str, Listed], findings: Findings) -> dict[str, Listed]:
        """The cases that their specifications still list a moment later. What is left out is found by a later reading.

        For some 10 to 30 ms after its first start a new specification lists all cases whose own specification the log
        has forgotten (seen on an engine 6.1). Another customer would pay for them.
        """
        if not listed:
            return {}
        time.sleep(AGAIN_SECONDS)
        again = {}
        # In their order, not a set's: the simulation replays each question.
        for specification in dict.fromkeys(specification for of_one in listed.values() for specification in of_one):
            try:
                again[specification] = Counter(self.log.case_ids(specification))
            except EngineLogError as error:
                findings.problems.append(error)
        confirmed: dict[str, Listed] = {}
        for case_id, of_one in listed.items():
            still = {each: min(number, again[each][case_id]) for each, number in of_one.items() if each in again}
            if of_both := {each: number for each, number in still.items() if number}:
                confirmed[case_id] = of_both
        return confirmed

    # --- the first reading --------------------------------------------------------------------------------------------

    def _first(self, opened: "_Opened", listed: Mapping[str, Listed]) -> Iterator[FoundCase]:
        """The cases since ``since``, from the newest downwards; the others are committed unread.

        Numbers rise with time, but a caller may have supplied some high ones long ago. So this goes on until
        ``OLD_FOR_SURE`` numbers in a row are old. Ids that were used again, and those that are no numbers, come first.
        The engine is not asked how many are new: for its statistics it walks the whole history (``audit``).
        """
        since, old = self.engine.since * 1000, 0
        used_once = {case_id: sum(of_one.values()) == 1 for case_id, of_one in listed.items()}
        downwards = listing.in_order(listed)
        downwards.reverse()
        downwards.sort(key=used_once.__getitem__)
        lowest = None
        for position, case_id in enumerate(downwards):
            if old >= OLD_FOR_SURE:
                for skipped in downwards[position:]:
                    yield FoundCase(skipped, skipped=sum(listed[skipped].values()))
                break
            cases = list(opened.listed(case_id, listed[case_id]))
            new = [start for case in cases for start in case.starts if start.at_ms >= since]
            if new:
                old = 0
            elif used_once[case_id] and number_of(case_id) is not None:
                old += 1
            # A case whose row is not there yet is new as well.
            if (new or not cases) and (number := number_of(case_id)) is not None:
                lowest = number if lowest is None else min(lowest, number)
            yield from cases
        numbers = [number for case_id in listed if (number := number_of(case_id)) is not None]
        floor = listing.longest_run(numbers).end
        if lowest is not None:
            floor = listing.begin_below(lowest, set(numbers), Known())
        # An earlier reading, which did not come to its end, was down there.
        known = opened.reading.known
        if known.lowest_number is not None:
            floor = min(floor, known.lowest_number)
        opened.findings.note(floor=floor)

    # --- what the lists lack ------------------------------------------------------------------------------------------

    def _unlisted(
        self, opened: "_Opened", listed: Mapping[str, Listed], numbers: set[int], until: int
    ) -> Iterator[FoundCase]:
        """Cases that no list has: announced ones, numbers that are missing, the counter's next ones.

        An announced number is asked for, but who has the secret may have made it up: the counter goes by the log alone.
        """
        reading, progress = opened.reading, opened.findings.progress
        known = reading.known
        hints = {hint.case_id: hint.specification for hint in reading.announced}
        announced = {case_id for case_id in hints if case_id not in listed and not known.count(case_id)}
        floor, checkpoint, now = progress.floor or 0, progress.checkpoint, reading.now_ms
        counter = listing.counted(floor, numbers, known)
        run = listing.longest_run(numbers)
        is_elsewhere = run.end <= floor or run.first > counter.next + listing.WIDEST_HOLE
        if run.length >= A_COUNTER and is_elsewhere:
            # The counter is elsewhere: it has jumped, or was taken for a number that a caller had supplied.
            floor, checkpoint = listing.begin_below(run.first, (), known), None
            counter = listing.counted(floor, numbers, known)
        missing = map(str, counter.missing[:MOST_ASKED])
        for case_id in dict.fromkeys((*listing.in_order(announced)[:MOST_ASKED], *missing)):
            yield from opened.lost(case_id, hints.get(case_id), until)
        number = counter.next
        while number < counter.next + MOST_ASKED and number not in numbers:
            if str(number) not in opened.answers:
                yield from opened.lost(str(number), None, until)
            if not opened.answers.get(str(number)):
                break
            number += 1
        # What the engine's clock puts ahead of ours has to wait, and is looked for until then.
        patience = PATIENCE_MS + max(0, self.log.clock_offset_ms or 0)
        if checkpoint is not None and now >= checkpoint[1] + patience:
            # Numbers that this reading did not ask for, or whose start has to wait, stay above the floor.
            looked_for = (*counter.missing, *range(counter.next, number + 1))
            passed = min([checkpoint[0], *(each for each in looked_for if not opened.is_done(str(each)))])
            floor = max(floor, passed)
            checkpoint = checkpoint if passed < checkpoint[0] else None
        opened.findings.note(floor=floor, checkpoint=checkpoint or (number, now))


class _Opened:
    """One reading under way. waiting, services: of ``Progress``, as they are afterwards.

    answers: starts that the log has under the case ids that ``lost`` was asked for. sizes: how many cases each list
    has. is_whole: whether all lists were read, and read again where that is needed.
    """

    def __init__(
        self,
        source: LogStarts,
        reading: Reading,
        findings: Findings,
        sizes: Mapping[Specification, int],
        is_whole: bool,
    ) -> None:
        self._sizes, self._is_whole = sizes, is_whole
        self.answers: dict[str, Sequence[FoundStart]] = {}
        self.reading = reading
        self.findings = findings
        self.waiting: dict[str, int] = {}
        self.services = dict(reading.progress.services)
        self._engine, self._log = source.engine, source.log
        self._instances: dict[Specification, Mapping[str, Sequence[int]]] = {}
        self._source, self._anchor, self._checked_logins = source, reading.progress.anchor, 1

    def listed(self, case_id: str, listed: Listed) -> Iterator[FoundCase]:
        """A case that lists have; nothing while its row is not there."""
        try:
            rows, total = self._rows(case_id), sum(listed.values())
            of_row = self._specifications(case_id, listed, rows)
            starts = tuple(self._start(row, of_row[row.net_instance]) for row in rows)
            given_up = self._given_up(case_id, total - len(rows))
            if starts or given_up:
                yield FoundCase(case_id, starts, listed=total, given_up=given_up)
        except EngineLogError as error:
            self.findings.problems.append(error)

    def lost(self, case_id: str, hinted: Specification | None, until: int) -> Iterator[FoundCase]:
        """A case that no list has. It is new only if it started so long ago that the lists would have it."""
        try:
            found = [self._start(row, hinted) for row in self._rows(case_id)]
            starts = tuple(s._replace(is_ready=s.is_ready and s.at_ms <= until) for s in found)
            self.answers[case_id] = starts
            if starts:
                yield FoundCase(case_id, starts, given_up=self.reading.known.case(case_id).given_up)
        except EngineLogError as error:
            self.findings.problems.append(error)

    def is_done(self, case_id: str) -> bool:
        """Whether the log has answered what it has of a case that no list has, and nothing of it waits."""
        return case_id in self.answers and all(start.is_ready for start in self.answers[case_id])

    def _rows(self, case_id: str) -> Sequence[CaseStart]:
        """The rows of a case id, of the database that the reading began with.

        An engine may be given another one while its log is read. It starts anew for that, and its sessions end.
        """
        rows = self._log.case_starts(case_id)
        if self._anchor is not None and self._log.logins != self._checked_logins:
            self._source.check(self._anchor)
        self._checked_logins = self._log.logins
        if self._anchor is None and rows:
            self._anchor = Anchor(case_id, rows[0].net_instance, rows[0].at_ms)
        return rows

    def _given_up(self, case_id: str, without_row: int) -> int:
        """How many listed starts without a row are given up. Others wait for a day, then they are not asked for again.

        A given-up start is no known one: it would stand for the next row under its case id.
        """
        before = self.reading.known.case(case_id).given_up
        if without_row <= before:
            return max(0, without_row)
        now = self.reading.now_ms
        since = self.reading.progress.waiting.get(case_name(case_id), now)
        if now - since >= GIVEN_UP_MS:
            return without_row
        self.waiting[case_name(case_id)] = since
        self.findings.without_row += now - since >= PATIENCE_MS
        return before

    def _specifications(
        self, case_id: str, listed: Listed, rows: Sequence[CaseStart]
    ) -> Mapping[int, Specification | None]:
        """The specification of each row, by net instance; None where the log does not say, or nothing needs it.

        The engine answers with all that it has of a specification: of a very large one that is more than its memory
        holds. So it is asked of any only where the specification pays; else of those that the audit compares.
        """
        if len(listed) == 1 and sum(listed.values()) == len(rows) + self.reading.known.case(case_id).given_up:
            (specification,) = listed
            return {row.net_instance: specification for row in rows}
        of_row: dict[int, Specification | None] = {row.net_instance: None for row in rows}
        for specification in listed:
            pays = self._engine.attributed_by == "specification"
            if not pays and self._sizes.get(specification, 0) > MOST_COUNTED:
                continue
            if specification not in self._instances:
                self._instances[specification] = self._log.net_instances(specification)
            for key in self._instances[specification].get(case_id, ()):
                if key in of_row:
                    of_row[key] = specification
        return of_row

    def _start(self, row: CaseStart, specification: Specification | None) -> FoundStart:
        now = self.reading.now_ms
        # A list that was not read may say it.
        undecided = specification is None and (row.at_ms > now - PATIENCE_MS or not self._is_whole)
        ready = row.at_ms <= now and not (undecided and self._engine.attributed_by == "specification")
        return FoundStart(row.net_instance, row.at_ms, self._launched_by(row.service_key), specification, ready)

    def _launched_by(self, key: int) -> str | None:
        if key not in self.services:
            name = self._log.service_name(key)
            if name is None:
                return None
            self.services[key] = name
        return self.services[key]
