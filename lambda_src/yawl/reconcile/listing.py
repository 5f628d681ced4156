"""Which case ids of the log's lists are not known, and which numbers its lists lack. Pure.

The lists hold every case that ever started, so their known part costs one look into a bitmap each.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from typing import NamedTuple

from yawl.reconcile.known import SEGMENT, Known, number_of
from yawl.start import Specification

#: Missing numbers in a row behind which no counter is looked for: a caller has supplied the number behind them.
WIDEST_HOLE = 32
#: Numbers at which one reading looks for the end of a counter.
MOST_NUMBERS = 100_000

#: How often each specification lists a case id.
Listed = Mapping[Specification, int]


def unknown(lists: Mapping[Specification, Collection[str]], known: Known) -> dict[str, Listed]:
    """Case ids that are listed more often than they are known or given up, in all specifications together."""
    suspects = _suspects(lists.values(), known)
    counted: defaultdict[str, Counter[Specification]] = defaultdict(Counter)
    if suspects:
        for specification, case_ids in lists.items():
            for case_id in case_ids:
                if case_id in suspects:
                    counted[case_id][specification] += 1
    return {case_id: of_one for case_id, of_one in counted.items() if of_one.total() > known.accounted(case_id)}


def _suspects(lists: Iterable[Collection[str]], known: Known) -> set[str]:
    """Case ids that are not known, or stand in the lists more than once, or are no numbers."""
    suspects: set[str] = set()
    seen: defaultdict[int, int] = defaultdict(int)
    bits = {position: segment.bits for position, segment in known.segments.items()}
    for case_ids in lists:
        for case_id in case_ids:
            number = number_of(case_id)
            if number is None:
                suspects.add(case_id)
                continue
            position, place = divmod(number, SEGMENT)
            bit = 1 << place
            if seen[position] & bit or not bits.get(position, 0) & bit:
                suspects.add(case_id)
            seen[position] |= bit
    return suspects


def in_order(case_ids: Iterable[str]) -> list[str]:
    """Case ids as the engine's counter made them, then the others."""
    return sorted(case_ids, key=lambda case_id: (number_of(case_id) is None, number_of(case_id) or 0, case_id))


class Run(NamedTuple):
    """Numbers without a hole that is too wide: the first of them, one more than the last, and how many they are."""

    first: int = 0
    end: int = 0
    length: int = 0


def longest_run(numbers: Iterable[int]) -> Run:
    """The longest run, of several the highest: the engine's counter, where callers supply a number now and then."""
    longest = run = Run()
    for number in sorted(set(numbers)):
        near = run.length and number - run.end <= WIDEST_HOLE
        run = Run(run.first, number + 1, run.length + 1) if near else Run(number, number + 1, 1)
        longest = max(longest, run, key=attrgetter("length", "end"))
    return longest


def begin_below(number: int, old: Collection[int], known: Known) -> int:
    """From where on numbers below a new one may be new as well, though no list has them: above the next old one."""
    begin = number
    while begin > max(0, number - WIDEST_HOLE) and begin - 1 not in old and not known.has_number(begin - 1):
        begin -= 1
    return begin


class Counted(NamedTuple):
    """What the engine's counter has come to. missing: numbers below ``next`` that are neither listed nor known."""

    next: int
    missing: tuple[int, ...]


def counted(floor: int, listed: Collection[int], known: Known) -> Counted:
    """Follow the counter from ``floor`` upwards, to where more than ``WIDEST_HOLE`` numbers in a row are missing."""
    missing: list[int] = []
    following = floor
    for number in range(floor, floor + MOST_NUMBERS):
        if number in listed or known.has_number(number):
            following = number + 1
            continue
        if number - following >= WIDEST_HOLE:
            break
        missing.append(number)
    return Counted(following, tuple(number for number in missing if number < following))
