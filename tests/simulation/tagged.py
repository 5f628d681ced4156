"""What the promise says of tags: each set has the units of its events, but for what was taken back, and each split adds
up to its line."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from ledger.metering_record import MeteringRecord
from ledger.tables import USAGE_EVENTS
from marketplace.usage_allocations import TagSet, tag_set
from tests.simulation.protocol import Protocol

Set = tuple[str, int, str, TagSet]


def check_tags(world: Protocol, records: Sequence[MeteringRecord]) -> None:
    """Read from the tables: the events say what each set of tags of an hour must hold."""
    said: dict[Set, Decimal] = defaultdict(Decimal)
    hours: set[tuple[str, int]] = set()
    for item in world.store.items(USAGE_EVENTS.name):
        if str(item["eventId"]).startswith("event#") and item["counted"] and "tags" in item["content"]:
            hour, dimension = int(item["billedHour"]), item["content"]["dimension"]
            hours.add((item["customerIdentifier"], hour))
            if "voidedAt" not in item:
                said[item["customerIdentifier"], hour, dimension, tag_set(item["content"]["tags"])] += item["counted"]
    held = {
        (record.customer_identifier, record.hour, dimension, tags): units
        for record in records
        for dimension, sets in world.tagged.of_hour(record.customer_identifier, record.hour).items()
        for tags, units in sets.items()
        if units
    }
    assert held == said, "a set of tags does not hold the units of its events"
    assert hours == {(r.customer_identifier, r.hour) for r in records if r.tagged}
    for record in records:
        for name, line in record.lines.items():
            if not line.allocations.parts:
                continue
            key = (record.customer_identifier, record.hour, name)
            split = world.allocations.get_many({key: line.allocations.parts})[key]
            assert sum(allocation.quantity for allocation in split) == line.quantity, f"the split of {key}"
            for allocation in split:
                units = allocation.quantity * line.scale
                assert not allocation.tags or units <= held[(*key, allocation.tags)], f"{key} bills {allocation}"
