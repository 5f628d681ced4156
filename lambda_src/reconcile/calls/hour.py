"""One hour of the ledger against CloudTrail: what was sent, and what the calls of that time show besides.

The calls of the hour after it are read, in which most of its lines are sent, and those around each line that was sent
at another time. So in ordinary times each call is read once, by the comparison of one hour, and a call about another
hour's slot (an outage, or somebody else's) is compared with that slot's line.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ledger.findings import Finding
from ledger.metering_record import Line
from ledger.metering_records import MeteringRecords
from ledger.reading import RecordKey
from ledger.subscribers import Subscribers
from marketplace.metering_calls import MeteringCall, MeteringCalls
from reconcile.calls.rules import BILLED, NEAR, is_near, judge_line, stretch_of
from reconcile.calls.seen import Slot, Trail
from reconcile.customers import in_pages, pages

Stretch = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Books:
    """The ledger and CloudTrail. callers: names of the roles that meter for this stage. in_time: raises when the
    invocation has no time left."""

    records: MeteringRecords
    subscribers: Subscribers
    calls: MeteringCalls
    product_codes: Container[str]
    callers: frozenset[str] = frozenset()
    in_time: Callable[[], None] = field(default=lambda: None)

    def within(self, in_time: Callable[[], None]) -> "Books":
        """The same, for an invocation."""
        return replace(self, in_time=in_time)

    def read(self, stretches: Iterable[Stretch]) -> Iterator[MeteringCall]:
        """The calls of these stretches of time, overlapping ones once, the newest stretch first."""
        for start, end in reversed(merged(stretches)):
            for call in self.calls.between(start, end):
                self.in_time()
                yield call


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches of time, oldest first, with those that overlap made one."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def differences(
    books: Books, hour: int, customers: Iterable[str] | None = None, times: Iterable[float] = ()
) -> Iterator[Finding]:
    """The differences of an hour. customers: only of these; None: of all, and of what else the hour's calls show.

    times: moments (epoch seconds) around which calls are read too, as for a difference that was found before.
    """
    trail = Trail(books.product_codes)
    stretch = stretch_of(hour)
    trail.add(books.read([stretch, *((at - NEAR, at + NEAR) for at in times)]))
    later: list[tuple[Slot, Line]] = []
    for some in _pages(books, customers):
        books.in_time()
        for slot, line in _lines(books, ((customer, hour) for customer in some)):
            if line.verdict in BILLED and not (line.at and stretch[0] + NEAR <= line.at <= stretch[1]):
                later.append((slot, line))
            else:
                yield from _judged(books, trail, slot, line)
    if later:
        trail.add(books.read((line.at - NEAR, line.at + NEAR) for _, line in later if line.at is not None))
        for slot, line in later:
            yield from _judged(books, trail, slot, line)
    only = None if customers is None else frozenset(customers)
    left = [slot for slot, seen in trail.slots.items() if seen.accepted and (only is None or slot[0] in only)]
    yield from _unexpected(books, trail, left if only is None else [slot for slot in left if slot[2] == hour])


def _pages(books: Books, customers: Iterable[str] | None) -> Iterator[Iterable[str]]:
    if customers is not None:
        yield from in_pages(customers)
    else:
        yield from (keys for keys, _ in pages(books.subscribers))


def _lines(books: Books, keys: Iterable[RecordKey]) -> Iterator[tuple[Slot, Line]]:
    for record in books.records.get_many(keys):
        if record.state == "sealed":
            for dimension, line in record.lines.items():
                yield (record.customer_identifier, dimension, record.hour), line


def _judged(books: Books, trail: Trail, slot: Slot, line: Line) -> list[Finding]:
    """The differences of a line, whose slot is then done with."""
    gap = any(is_near(line, at) for at in trail.gaps)
    return judge_line(slot, line, trail.slots.pop(slot, None), gap=gap, callers=books.callers)


def _unexpected(books: Books, trail: Trail, slots: list[Slot]) -> Iterator[Finding]:
    """Differences of slots in which Marketplace has something and that no line of the hour has answered for.

    A licence that no subscriber of ours has belongs to another product of the seller: licence records name none.
    """
    for some in in_pages(sorted(slots)):
        books.in_time()
        lines = dict(_lines(books, {(customer, hour) for customer, _, hour in some}))
        unknown = {slot[0] for slot in some if slot not in lines}
        ours = {each.customer_identifier for each in books.subscribers.get_many(sorted(unknown))} if unknown else set()
        for slot in some:
            if slot in lines or slot[0] in ours:
                yield from judge_line(slot, lines.get(slot), trail.slots[slot], gap=False, callers=books.callers)
