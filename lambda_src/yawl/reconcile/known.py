"""Which starts of an engine's database are committed already, as a value. Pure.

YAWL numbers its cases, and a caller may supply an id of its own, which is refused only while a case of that id runs
(``YEngine``, launch). So nearly all case ids are numbers that occur once: a bit each, by segments of 4,096 numbers. The
others, and those that occurred more than once, have an entry each.
"""

import base64
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import NamedTuple, Self

from yawl.start import Specification, case_name

#: Case numbers whose bits are stored together.
SEGMENT = 4096
#: A case id as the engine's counter makes them. Longer ones are a caller's.
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
#: Net instances that are kept of one case id. Of an id that occurred more often, those that rose last.
MOST_KEYS = 500


class FoundStart(NamedTuple):
    """A start as a source found it.

    net_instance: key of its row in the log, which rises with each start; 0 where only an announcement named the case.
    is_ready: whether it may be committed now; one that is not is found again by the next reading.
    """

    net_instance: int
    at_ms: int
    launched_by: str | None
    specification: Specification | None
    is_ready: bool = True


class FoundCase(NamedTuple):
    """Everything that a source found under one case id: all of its starts, known ones too.

    skipped: so many starts are under this id, of which those that are not known yet are committed without being read or
    billed: they are older than the engine's ``since``. It is no number to add, since two readings may skip the same
    starts. There are no ``starts`` then.

    listed: how often the lists have the id; 0: nothing is known of that. given_up: so many of the listed starts have no
    row, and none is waited for any more. Nor is that a number to add.
    """

    case_id: str
    starts: tuple[FoundStart, ...] = ()
    skipped: int = 0
    listed: int = 0
    given_up: int = 0


@dataclass(frozen=True)
class Segment:
    """Bits of 4,096 case numbers, set where at least one start is committed or given up.

    version: of the item as it was read; 0: there is none yet.
    """

    bits: int = 0
    version: int = 0


@dataclass(frozen=True)
class Case:
    """A case id that is no number, or that occurred more than once.

    count: how many of its starts are committed. net_instances: keys of the latest of them, as far as their source gave
    any; the committed starts without a key are those with the lowest keys. version: as of ``Segment``. given_up: how
    many listed starts never got a row. They are no committed starts: a row that is found is another one's.
    """

    count: int = 0
    net_instances: frozenset[int] = frozenset()
    version: int = 0
    given_up: int = 0


@dataclass(frozen=True)
class Known:
    """The committed starts. segments: by number. cases: by ``case_name``."""

    segments: Mapping[int, Segment] = field(default_factory=dict)
    cases: Mapping[str, Case] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever committed: this is the first reading."""
        return not self.segments and not self.cases

    @property
    def lowest_number(self) -> int | None:
        """The lowest number that is known; None where none is."""
        lowest = min(self.segments, default=None)
        if lowest is None:
            return None
        bits = self.segments[lowest].bits
        return lowest * SEGMENT + (bits & -bits).bit_length() - 1

    def has_number(self, number: int) -> bool:
        """Whether at least one start of this case number is committed, or was given up."""
        segment = self.segments.get(number // SEGMENT)
        return segment is not None and bool(segment.bits >> number % SEGMENT & 1)

    def count(self, case_id: str) -> int:
        """How many starts of this case id are committed."""
        return self.case(case_id).count

    def accounted(self, case_id: str) -> int:
        """How many listed starts of this case id are committed, or were given up."""
        entry = self.case(case_id)
        return entry.count + entry.given_up

    def case(self, case_id: str) -> Case:
        """The entry of this case id; one is made up for a number that occurred once, or not at all."""
        entry = self.cases.get(case_name(case_id))
        if entry is not None:
            return entry
        number = number_of(case_id)
        return Case(count=1 if number is not None and self.has_number(number) else 0)

    def new_starts(self, found: FoundCase) -> list[tuple[int, FoundStart]]:
        """The starts to commit now, each with its number under this case id.

        Rows are told apart by net instance, and numbered in its order (the reference's section 8), so that every reader
        of one log gives a start the same number. An announcement has no net instance: it can tell a case id from
        another, not a second start from a repeated announcement, so it counts once.
        """
        entry = self.case(found.case_id)
        if any(start.net_instance == 0 for start in found.starts):
            return [] if entry.count else [(1, start) for start in found.starts[:1] if start.is_ready]
        fresh = _unseen(entry, found.starts)[_without_key(entry) :]
        return [(entry.count + number, start) for number, start in enumerate(filter(_is_ready, fresh), 1)]

    def after(self, found: FoundCase, taken: Sequence[FoundStart]) -> Self:
        """The value once ``taken``, of the found starts, or ``found.skipped`` are committed, or starts are given up."""
        entry, number = self.case(found.case_id), number_of(found.case_id)
        count = max(entry.count + len(taken), found.skipped)
        given_up = _given_up(entry, found, count)
        if (count, given_up) == (entry.count, entry.given_up):
            return self
        segments = self.segments
        if number is not None and not self.has_number(number):
            # Also where an entry is written: another reading may know the same number by its bit alone.
            position, bit = divmod(number, SEGMENT)
            segment = segments.get(position, Segment())
            segments = {**segments, position: Segment(segment.bits | 1 << bit, segment.version)}
            # Of several starts, of which one is taken, an entry has to tell which.
            if (count, given_up) == (1, 0) and len(found.starts) <= 1:
                return type(self)(segments, self.cases)
        keys = entry.net_instances | {start.net_instance for start in taken if start.net_instance}
        keys |= {start.net_instance for start in _unseen(entry, found.starts)[: _without_key(entry)]}
        newest = frozenset(sorted(keys - {0})[-MOST_KEYS:])
        cases = {**self.cases, case_name(found.case_id): Case(count, newest, entry.version, given_up)}
        return type(self)(segments, cases)

    def committed(self, change: "Known") -> Self:
        """The value after ``change``, whose entries were written and so have the next version."""
        segments = {key: Segment(each.bits, each.version + 1) for key, each in change.segments.items()}
        cases = {key: replace(each, version=each.version + 1) for key, each in change.cases.items()}
        return type(self)({**self.segments, **segments}, {**self.cases, **cases})

    def difference(self, before: "Known") -> "Known":
        """The entries that this value has otherwise than ``before``, to be written."""
        return Known(
            {key: each for key, each in self.segments.items() if before.segments.get(key) != each},
            {key: each for key, each in self.cases.items() if before.cases.get(key) != each},
        )


def number_of(case_id: str) -> int | None:
    """The number of a case id that the engine's counter may have made; None for others, for example ``007``."""
    return int(case_id) if _NUMBER.fullmatch(case_id) else None


def packed(bits: int) -> str:
    """A segment's bits as text: short where they are nearly all set, or nearly none."""
    return base64.b64encode(zlib.compress(bits.to_bytes(SEGMENT // 8, "little"), 9)).decode()


def unpacked(text: str) -> int:
    """The inverse of ``packed``."""
    return int.from_bytes(zlib.decompress(base64.b64decode(text)), "little")


def _is_ready(start: FoundStart) -> bool:
    return start.is_ready


def _without_key(entry: Case) -> int:
    """How many committed starts have no key in the entry."""
    return entry.count - len(entry.net_instances)


def _given_up(entry: Case, found: FoundCase, count: int) -> int:
    """How many listed starts have no row. Too many would hide the next start, so a start that is committed after all,
    maybe one of theirs, leaves no more of them than the lists have room for; too few are only waited for once more.
    """
    listed = max(found.listed, found.skipped)
    room = listed - count if listed else entry.given_up - (count - entry.count)
    return max(0, min(max(entry.given_up, found.given_up), room))


def _unseen(entry: Case, starts: Sequence[FoundStart]) -> list[FoundStart]:
    """The starts whose keys the entry does not have, in the order of their keys."""
    unseen = (start for start in starts if start.net_instance not in entry.net_instances)
    return sorted(unseen, key=attrgetter("net_instance"))
