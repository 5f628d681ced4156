"""What a batch of one customer's events adds to one hour. Pure.

A transaction may touch each item once, so equal users are counted once here, and highest counts are raised once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from marketplace.usage_allocations import TagSet, tag_set
from usage.usage_event import UsageEvent

#: (dimension, period, user): one distinct user in one month
Mark = tuple[str, str, str]
#: (dimension, tags)
Tagged = tuple[str, TagSet]
#: (dimension, period)
Counter = tuple[str, str]


@dataclass
class Folded:
    """counted: recorded units by event id (0 for a user already counted). marks: users to mark, by the event that
    brings them. highest: counts to raise, with the highest of the batch and its moment. tagged: counted units by tags.
    """

    counted: dict[str, Decimal] = field(default_factory=dict)
    marks: dict[Mark, UsageEvent] = field(default_factory=dict)
    highest: dict[Counter, tuple[Decimal, UsageEvent]] = field(default_factory=dict)
    totals: dict[Counter, Decimal] = field(default_factory=dict)
    tagged: dict[Tagged, Decimal] = field(default_factory=dict)


def fold(events: Iterable[UsageEvent], known_marks: set[Mark], seen: Mapping[Counter, Decimal]) -> Folded:
    """Fold events (distinct ids). known_marks: users already counted. seen: highest counts so far."""
    folded = Folded()
    for event in events:
        counter = (event.dimension.name, event.period)
        units = event.quantity
        if event.dimension.aggregation == "distinct":
            mark = (*counter, event.user or "")
            units = Decimal(0)
            if mark not in known_marks and mark not in folded.marks:
                folded.marks[mark], units = event, Decimal(1)
        elif event.dimension.aggregation == "max":
            highest = folded.highest[counter][0] if counter in folded.highest else seen.get(counter, Decimal(0))
            units = max(Decimal(0), event.quantity - highest)
            if units:
                folded.highest[counter] = (event.quantity, event)
        folded.counted[event.id] = units
        if units:
            folded.totals[counter] = folded.totals.get(counter, Decimal(0)) + units
            if event.tags:
                tagged = (event.dimension.name, tag_set(event.tags))
                folded.tagged[tagged] = folded.tagged.get(tagged, Decimal(0)) + units
    return folded


def chunks(events: Sequence[UsageEvent], *, operations: int, per_id: int) -> Iterator[list[UsageEvent]]:
    """Cut events so that each part fits one transaction. per_id: operations for one key (2 with a previous identifier).

    Counts the worst case: every distinct user is new, every event counts. One set of tags is one operation.
    """
    part: list[UsageEvent] = []
    sets: set[Tagged] = set()
    used = 0
    for event in events:
        cost = per_id if event.dimension.aggregation == "sum" else 2 * per_id
        tags = {(event.dimension.name, tag_set(event.tags))} if event.tags else set()
        if part and used + cost + len(tags - sets) > operations:
            yield part
            part, sets, used = [], set(), 0
        part.append(event)
        used += cost + len(tags - sets)
        sets |= tags
    if part:
        yield part
