"""The ledger is rewound by a restore, and nothing is billed twice; what is missing on the bill has a name.

The functions' own code records and meters at random, all tables go back to a moment, ``restore-fence`` closes what
CloudTrail shows, and metering goes on. Senders do not send again what was recorded. Where tables go back to moments
some steps apart, units that one table has and another lacks are lost without a name, and still nothing is billed twice.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import tables
from ledger.tables import ALL_TABLES
from local.dynamodb.store import MemoryDynamoDB
from marketplace.hour import SECONDS
from ops.restore.restore_fence import Fencing
from tests.scenarios.books import Audits
from tests.scenarios.world import START, World, world

RUNS, CALLS, GB = "workflow_executions", "api_calls", "data_processed_gb"
#: Quantities that leave a remainder of their dimension more often than not.
QUANTITIES = {RUNS: (1, 7), CALLS: (150, 990, 2_300), GB: (Decimal("0.4"), Decimal("2.5"))}
Slot = tuple[str, str]
Image = dict[str, dict[Any, Any]]

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("report"), st.integers(0, 1), st.sampled_from(sorted(QUANTITIES)), st.integers(0, 2), st.booleans()
        ),
        st.just(("run",)),
        st.just(("lost-answer",)),
        st.just(("busy",)),
    ),
    min_size=4,
    max_size=24,
)


@dataclass
class Story:
    """What happened. events: units of each event that was answered ``recorded``, by its key, customer and dimension."""

    world: World
    audits: Audits
    customers: list[str]
    events: dict[tuple[str, str], tuple[Slot, Decimal]] = field(default_factory=dict)
    number: int = 0

    def play(self, step: tuple[Any, ...]) -> None:
        if step[0] == "run":
            self.world.next_run()
        elif step[0] == "lost-answer":
            self.world.marketplace.arm("lost-answer")
        elif step[0] == "busy":
            self.world.marketplace.arm("server-error", times=4)
        else:
            self.report(*step[1:])

    def report(self, who: int, dimension: str, size: int, late: bool) -> None:
        self.number += 1
        customer = self.customers[who]
        quantity = QUANTITIES[dimension][size % len(QUANTITIES[dimension])]
        event = self.world.event(customer, f"event-{self.number}", str(quantity), dimension=dimension)
        if late:
            event["occurredAt"] = self.world.event(customer, "x")["occurredAt"].replace(":10:", ":05:")
        self.world.now += 7
        (verdict,) = self.world.report(event)
        assert verdict["verdict"] == "recorded", verdict
        self.events[customer, f"event#{event['id']}"] = ((customer, dimension), Decimal(str(quantity)))

    # --- the restore --------------------------------------------------------------------------------------------------

    @property
    def memory(self) -> MemoryDynamoDB:
        return cast(MemoryDynamoDB, cast(Any, self.world.dynamodb))

    def image(self) -> Image:
        """Every table as it is now: rows are replaced and never changed."""
        return {table.name: dict(self.memory.data(table.name, "Scan").rows) for table in ALL_TABLES}

    def restore(self, image: Image) -> None:
        for name, rows in image.items():
            data = self.memory.data(name, "Scan")
            data.clear()
            for key, row in rows.items():
                data.commit(key, row)

    def fence(self, since: float) -> Mapping[Slot, Decimal]:
        """Units that the fence names as not billed again, by customer and dimension."""
        named: defaultdict[Slot, Decimal] = defaultdict(Decimal)
        at = self.world
        fencing = Fencing(
            records=at.records, balances=at.balances, subscribers=at.subscribers,
            subscribers_table=tables.SUBSCRIBERS.name, products=at.products, client=at.dynamodb.meta.client,
        )  # fmt: skip
        calls = list(self.audits.books.calls.between(since, at.now))
        for customer, on_file in fencing.on_file(calls).items():
            planned = fencing.plan(customer, on_file, since, at.now)
            for dimension, units in planned.dropped.items():
                named[customer, dimension] += units
            for hour in planned.hours:
                for (dimension, _period), units in hour.closed.items():
                    named[customer, dimension] += units
            fencing.carry_out(customer, planned, at.now, lambda _change: [])
            again = fencing.plan(customer, on_file, since, at.now)
            assert not again.hours, "a repeat finds nothing to seal"
            assert not again.dropped, "a repeat finds nothing to drop"
        return named

    def gone(self) -> Mapping[Slot, Decimal]:
        """Units of recorded events that the restored tables do not have."""
        stored = self.memory.data(tables.USAGE_EVENTS.name, "Scan").rows
        found: defaultdict[Slot, Decimal] = defaultdict(Decimal)
        kept = {(row.item["customerIdentifier"], row.item["eventId"]) for row in stored.values()}
        for key, (slot, units) in self.events.items():
            if key not in kept:
                found[slot] += units
        return found


def slots(story: Story) -> Mapping[Slot, Decimal]:
    """Accepted units by customer and dimension. Fails if a slot was accepted twice."""
    lines = story.world.accepted()
    assert len({(line["buyer"], line["dimension"], line["hour"]) for line in lines}) == len(lines)
    found: defaultdict[Slot, Decimal] = defaultdict(Decimal)
    for line in lines:
        scale = story.world.dimensions[line["dimension"]].scale
        found[line["buyer"], line["dimension"]] += Decimal(line["quantity"]) * scale
    return found


def judge(story: Story, gone: Mapping[Slot, Decimal], named: Mapping[Slot, Decimal], *, one_moment: bool) -> None:
    recorded: defaultdict[Slot, Decimal] = defaultdict(Decimal)
    for slot, units in story.events.values():
        recorded[slot] += units
    billed = slots(story)
    zero = Decimal(0)
    for slot, units in recorded.items():
        left = story.world.balances.get(slot[0]).remainder.get(slot[1], zero)
        failed = sum(
            (
                line.units
                for key in story.world.failed() | story.world.pending()
                for record in story.world.records.get_many([key])
                if record.customer_identifier == slot[0]
                for line in record.lines.values()
                if line.dimension == slot[1] and line.failed
            ),
            zero,
        )
        assert billed.get(slot, zero) <= units, f"{slot} was billed twice: {billed[slot]} of {units}"
        missing = units - billed.get(slot, zero) - left - failed
        assert not one_moment or missing <= gone.get(slot, zero) + named.get(slot, zero), (
            f"{slot}: {missing} units are missing"
        )


@pytest.mark.timeout(300)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    before=steps,
    after=steps,
    later=steps,
    apart=st.one_of(st.just([0] * 7), st.lists(st.integers(0, 2), min_size=7, max_size=7)),
)
def test_a_rewound_ledger_bills_nothing_twice_and_names_what_is_lost(
    before: list[Any], after: list[Any], later: list[Any], apart: list[int]
) -> None:
    with world(now=START) as at:
        story = Story(at, Audits(at), [at.buyer("license"), at.buyer("legacy")])
        for step in before:
            story.play(step)
        since, images = at.now, [story.image()]
        for step in after:
            story.play(step)
            images.append(story.image())
        at.marketplace.clear_faults()
        # Each table may be some steps newer than the oldest one.
        restored = {
            table.name: images[min(steps_later, len(images) - 1)][table.name]
            for table, steps_later in zip(ALL_TABLES, [*apart, 0, 0], strict=False)
        }
        assert not story.gone(), "every recorded event is stored"
        story.restore(restored)
        gone = story.gone()
        at.now += SECONDS / 2
        named = story.fence(since - 60)
        for step in later:
            story.play(step)
        at.marketplace.clear_faults()
        for _ in range(4):
            at.next_run()
            story.audits.calls.run(at.now)
        judge(story, gone, named, one_moment=not any(apart))
