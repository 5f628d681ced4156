"""Started cases by the tables of an engine's log: a ``StartSource`` whose work grows with new cases alone.

A reading looks at the events of the last hour or two and at later ones, since two threads of the engine write them, and
a row may be seen after rows with higher keys. ``Progress.floor`` and ``checkpoint`` are keys of ``logEvent`` here: the
checkpoint becomes the floor after an hour.

The first reading goes through the whole log once. It commits the cases from before ``since`` unread, so that a case id
that was used then has its right number when it occurs again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from yawl.engine import Engine
from yawl.reconcile.known import FoundCase, FoundStart, Known
from yawl.reconcile.source import CounterFellBack, Findings, Reading
from yawl.state.ports import Anchor
from yawl_metering_agent.log_tables import NEAR_MS, LogTables, StartRow

#: Milliseconds for which a row may stay unseen behind later ones, and by which times may run against the keys.
PATIENCE_MS = 3_600_000

_Rows = Mapping[str, Sequence[StartRow]]


class SeenRows(Protocol):
    """Keys of rows that were the only start of their case id when they were found.

    A case number that is known to have started once does not say by which row. Such a key does, so that a second row
    is told from the first without a look at the whole log.
    """

    def events(self) -> set[int]:
        """The keys."""

    def remember(self, events: Iterable[int], above: int) -> None:
        """Add keys, and forget those up to ``above``."""


@dataclass(frozen=True)
class SqlStarts:
    """See ``yawl.reconcile.source.StartSource``. Raises the errors of the tables and of the store of seen rows."""

    engine: Engine
    tables: LogTables
    seen: SeenRows

    def check(self, anchor: Anchor) -> None:
        """See ``StartSource.check``."""
        first = self.tables.first_event_of(anchor.at_ms - NEAR_MS)
        last = self.tables.first_event_of(anchor.at_ms + NEAR_MS)
        rows = self.tables.starts(first - 1, last)
        if not any((row.case_id, row.net_instance, row.at_ms) == anchor for row in rows):
            raise CounterFellBack("the log does not have a start any more that it had")

    def find(self, reading: Reading, findings: Findings) -> Iterator[FoundCase]:
        """See ``StartSource.find``."""
        newest, floor, known = self.tables.newest_event(), reading.progress.floor, reading.known
        is_first = floor is None
        if floor is None:
            floor = self.tables.first_event_of(int(self.engine.since * 1000) - PATIENCE_MS) - 1
        rows = list(self.tables.starts(floor, newest))
        window = _by_case(rows)
        earlier: _Rows = {}
        if is_first:
            counts, earlier = self._history(floor, window)
            for case_id, count in counts.items():
                if count > known.count(case_id):
                    yield FoundCase(case_id, skipped=count - known.count(case_id))
        seen = self.seen.events()
        unclear = [] if is_first else [each for each, found in window.items() if _is_unclear(each, found, known, seen)]
        whole = {**window, **_by_case(self.tables.starts_of(unclear))}
        alone, queried = set[int](), set(unclear)
        for case_id, found in whole.items():
            starts = [*earlier.get(case_id, ()), *found]
            if len(starts) == 1 and (is_first or case_id in queried or not known.count(case_id)):
                alone.add(starts[0].event)
            if is_first or case_id in queried or _may_be_new(case_id, found, known):
                yield _found(case_id, starts, reading.now_ms)
        self.seen.remember(alone, floor)
        late = reading.now_ms - PATIENCE_MS
        findings.without_row += sum(row.case_id is None and row.at_ms < late for row in rows)
        waiting = [row.event for row in rows if row.at_ms > (late if row.case_id is None else reading.now_ms)]
        findings.note(**_moved(floor, newest, waiting, reading))

    def _history(self, upto: int, window: _Rows) -> tuple[Counter[str], _Rows]:
        """How often each other case id started earlier; and the earlier starts of those in the window."""
        counts: Counter[str] = Counter()
        earlier: defaultdict[str, list[StartRow]] = defaultdict(list)
        for row in self.tables.starts(0, upto):
            if row.case_id is None:
                continue
            if row.case_id in window:
                earlier[row.case_id].append(row)
            else:
                counts[row.case_id] += 1
        return counts, earlier


def _by_case(rows: Iterable[StartRow]) -> dict[str, list[StartRow]]:
    found: defaultdict[str, list[StartRow]] = defaultdict(list)
    for row in rows:
        if row.case_id is not None:
            found[row.case_id].append(row)
    return found


def _is_unclear(case_id: str, rows: Sequence[StartRow], known: Known, seen: set[int]) -> bool:
    """Whether only the whole log can say which of the id's starts are committed."""
    entry = known.case(case_id)
    told_apart = (row.event in seen or row.net_instance in entry.net_instances for row in rows)
    return entry.count > len(entry.net_instances) and not all(told_apart)


def _may_be_new(case_id: str, rows: Sequence[StartRow], known: Known) -> bool:
    """Whether one of the rows is not committed, where the id's entry says of each which it is."""
    entry = known.case(case_id)
    has_all_keys = entry.count == len(entry.net_instances)
    return has_all_keys and any(row.net_instance not in entry.net_instances for row in rows)


def _found(case_id: str, rows: Sequence[StartRow], now_ms: int) -> FoundCase:
    starts = (
        FoundStart(row.net_instance, row.at_ms, row.launched_by, row.specification, is_ready=row.at_ms <= now_ms)
        for row in rows
    )
    return FoundCase(case_id, tuple(starts))


def _moved(floor: int, newest: int, waiting: Sequence[int], reading: Reading) -> dict[str, object]:
    """The next reading's floor, below all that is waited for, and the checkpoint."""
    checkpoint = reading.progress.checkpoint
    if checkpoint is None:
        return {"floor": floor, "checkpoint": (newest, reading.now_ms)}
    if reading.now_ms < checkpoint[1] + PATIENCE_MS:
        return {"floor": floor}
    lowest = min([checkpoint[0], *(event - 1 for event in waiting)])
    return {"floor": max(floor, lowest), "checkpoint": (newest, reading.now_ms)}
