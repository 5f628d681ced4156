"""Started cases by the tables of an engine's log: a ``StartSource`` whose work grows with new cases alone.

A reading looks at the events of the last hour or two and at later ones, since two threads of the engine write them, and
a row may be seen after rows with higher keys (``PATIENCE_MS``). ``Progress.floor`` and ``checkpoint`` are keys of
``logEvent`` here: the checkpoint becomes the floor after an hour.

The first reading goes through the whole log once. It commits the cases from before ``since`` unread, so that a case id
that was used then has its right number when it occurs again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from yawl.engine import Engine
from yawl.reconcile.known import FoundCase, FoundStart, Known
from yawl.reconcile.log_starts import GIVEN_UP_MS, PATIENCE_MS
from yawl.reconcile.source import CounterFellBack, Findings, Reading
from yawl.state.ports import Anchor
from yawl_metering_agent.log_tables import LogTables, StartRow


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
        rows = self.tables.starts_near(anchor.net_instance)
        if not any((row.case_id, row.net_instance, row.at_ms) == anchor for row in rows):
            raise CounterFellBack("the log does not have a start any more that it had")

    def find(self, reading: Reading, findings: Findings) -> Iterator[FoundCase]:
        """See ``StartSource.find``."""
        newest, floor, known = self.tables.newest_event(), reading.progress.floor, reading.known
        rows: list[StartRow] = []
        if floor is None:
            old: Counter[str] = Counter()
            floor = self._first(newest, reading.now_ms, rows, old)
            window = _by_case(rows)
            whole = {**window, **_by_case(self.tables.starts_of([case_id for case_id in window if case_id in old]))}
            for case_id, count in old.items():
                if case_id not in window and count > known.count(case_id):
                    yield FoundCase(case_id, skipped=count)
        else:
            rows += self.tables.starts(floor, newest)
            window, seen = _by_case(rows), self.seen.events()
            unclear = [case_id for case_id, found in window.items() if _is_unclear(case_id, found, known, seen)]
            whole = _by_case(self.tables.starts_of(unclear))
        alone: list[int] = []
        for case_id, found in window.items():
            starts = whole.get(case_id, found)
            if len(starts) == 1 and (case_id in whole or not known.count(case_id)):
                alone.append(starts[0].event)
            if case_id in whole or _may_be_new(case_id, found, known):
                yield _found(case_id, starts, reading.now_ms)
        self.seen.remember(alone, floor)
        findings.without_row += sum(row.case_id is None and row.at_ms <= reading.now_ms - PATIENCE_MS for row in rows)
        waiting = [row.event for row in rows if _is_waited_for(row, reading.now_ms)]
        findings.note(**_moved(floor, newest, waiting, reading))

    def _first(self, newest: int, now_ms: int, rows: list[StartRow], old: Counter[str]) -> int:
        """Go through the whole log: starts since ``since`` into ``rows``, how often others started into ``old``.

        Returns the floor: the key of the last row that is old enough not to be overtaken any more.
        """
        floor = 0
        for row in self.tables.starts(0, newest):
            if row.at_ms >= self.engine.since * 1000:
                rows.append(row)
            elif row.case_id is not None:
                old[row.case_id] += 1
            if row.at_ms < now_ms - PATIENCE_MS:
                floor = row.event
        return floor


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


def _is_waited_for(row: StartRow, now_ms: int) -> bool:
    """Whether the window has to keep the row: its case may yet be written, or it is ahead of our clock."""
    return row.at_ms > (now_ms - GIVEN_UP_MS if row.case_id is None else now_ms)


def _moved(floor: int, newest: int, waiting: Sequence[int], reading: Reading) -> dict[str, object]:
    """The next reading's floor, below all that is waited for, and the checkpoint."""
    checkpoint = reading.progress.checkpoint
    if checkpoint is None:
        return {"floor": floor, "checkpoint": (newest, reading.now_ms)}
    if reading.now_ms < checkpoint[1] + PATIENCE_MS:
        return {"floor": floor}
    lowest = min([checkpoint[0], *(event - 1 for event in waiting)])
    return {"floor": max(floor, lowest), "checkpoint": (newest, reading.now_ms)}
