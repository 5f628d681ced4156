"""What the events of one customer add to one hour. Pure.

A transaction may touch each item once, so here equal users are counted once, and highest counts are raised once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from marketplace.usage_allocations import TagSet, tag_set
from usage.usage_event import UsageEvent

#: One distinct user in one month: (dimension, period, user).
Mark = tuple[str, str, str]
#: A dimension's units with one set of tags: (dimension, tags).
Tagged = tuple[str, TagSet]
#: A dimension's units in one month: (dimension, period).
Counter = tuple[str, str]


@dataclass
class Folded:
    """Events added up for one write.

    counted: recorded units by event id (0 for a user who is counted already). marks: the users to mark, each with the
    event that brings it. highest: the counts to raise, each with the highest value here and its event. totals: units by
    dimension and period. tagged: units by dimension and tags.
    """

    counted: dict[str, Decimal] = field(default_factory=dict)
    marks: dict[Mark, UsageEvent] = field(default_factory=dict)
    highest: dict[Counter, tuple[Decimal, UsageEvent]] = field(default_factory=dict)
    totals: dict[Counter, Decimal] = field(default_factory=dict)
    tagged: dict[Tagged, Decimal] = field(default_factory=dict)


def fold(events: Iterable[UsageEvent], marks: set[Mark], seen: Mapping[Counter, Decimal]) -> Folded:
    """The sums that events with different ids add to an hour.

    marks: the users that are counted already. seen: highest counts so far.
    """
    folded = Folded()
    for event in events:
        counter = (event.dimension.name, event.period)
        units = event.quantity
        if event.dimension.aggregation == "distinct":
            mark = (*counter, event.user or "")
            units = Decimal(0)
            if mark not in marks and mark not in folded.marks:
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


def parts(events: Sequence[UsageEvent], *, operations: int, per_id: int) -> Iterator[list[UsageEvent]]:
    """The events in parts that fit one transaction each. per_id: operations per key: one for each of the buyer's
    billing keys.

    It counts the worst case: every distinct user is new, every event counts. One set of tags is one operation.
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
