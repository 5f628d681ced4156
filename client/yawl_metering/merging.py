"""Which calls may become one event. Pure.

Calls of one customer, dimension, source and tags, whose moments lie in one slot: a flush interval of one UTC hour. The
hour decides what is billed when, so an event never straddles it; the interval is at most the 5 minutes by which the
metering system lets an event lie outside a subscription, so merging never changes whether a call counts. The event's
moment is that of the first call, which is never further ahead than the call's own clock.
"""

from dataclasses import dataclass
from decimal import Decimal

from yawl_metering.settings import Aggregation
from yawl_metering.usage import HOUR, LARGEST_MERGED, Tags, Usage

#: customer, dimension, source, tags, hour, slot of the hour
GroupKey = tuple[str, str, str, Tags, int, int]


@dataclass(slots=True)
class Group:
    """Calls that become one event. ``number`` names it in the journal, ``opened`` is by the monotonic clock."""

    number: int
    event_id: str
    first: Usage
    aggregation: Aggregation
    total: Decimal
    at: float
    opened: float
    size: int

    def takes(self, quantity: Decimal) -> bool:
        """Whether the event would still be one that the API accepts."""
        return self.aggregation == "max" or self.total + quantity <= LARGEST_MERGED

    def add(self, quantity: Decimal) -> None:
        """One more call: added up, or the highest of them."""
        self.total = combine(self.aggregation, self.total, quantity)


def combine(aggregation: Aggregation, total: Decimal, quantity: Decimal) -> Decimal:
    """The quantity of an event with one more call."""
    return max(total, quantity) if aggregation == "max" else total + quantity


def group_key(usage: Usage, interval: float) -> GroupKey:
    """Calls with the same key may be merged."""
    hour, second = divmod(usage.moment, HOUR)
    return (usage.customer, usage.dimension, usage.source, usage.tags, int(hour), int(second // interval))


def may_merge(aggregation: Aggregation, usage: Usage) -> bool:
    """Sums and highest counts; a call that names a user is an event of its own."""
    return aggregation != "distinct" and usage.user is None
