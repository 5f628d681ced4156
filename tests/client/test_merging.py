"""Which calls become one event, and that none changes by it."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import from_iso
from tests.client.app import App, Clock
from tests.client.crashing import FAST
from tests.client.door import DIMENSIONS, START, Door
from yawl_metering import InvalidUsage
from yawl_metering.usage import LARGEST_MERGED

_Call = tuple[str, str, Decimal, float, str, tuple[tuple[str, str], ...]]
_CALLS = st.lists(
    st.tuples(
        st.sampled_from(["l-1", "l-2"]),
        st.sampled_from(["api_calls", "data_processed_gb", "peak_nodes", "worklet_invocations"]),
        st.decimals(0, 1000, places=6),
        st.integers(0, 7200).map(lambda n: n / 2),
        st.sampled_from(["app", "other"]),
        st.sampled_from([(), (("team", "a"),), (("team", "b"),)]),
    ),
    max_size=60,
)


@given(calls=_CALLS, interval=st.sampled_from([1.0, 30.0, 97.0, 300.0]), slow=st.booleans())
def test_events_are_the_calls_and_nothing_else(calls: list[_Call], interval: float, slow: bool) -> None:
    with TemporaryDirectory(dir=FAST) as folder:
        _check_events(Path(folder), calls, interval, slow)


def _check_events(root: Path, calls: list[_Call], interval: float, slow: bool) -> None:
    door, clock = Door(), Clock(START + 1800)
    app = App(root, door, clock, flush_interval=interval)
    expected: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    moments: dict[tuple[object, ...], list[float]] = defaultdict(list)
    for customer, dimension, quantity, ago, source, tags in calls:
        app.record(customer, dimension, quantity, ago=ago, source=source, tags=tags)
        hour = (clock.now - ago) // 3600
        key = (customer, dimension, source, tags, hour)
        expected[key] = max(expected[key], quantity) if dimension == "peak_nodes" else expected[key] + quantity
        moments[key].append(clock.now - ago)
        if slow:
            clock.now += 11
            app.round()
    app.deliver_all()
    found: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for event in door.stored.values():
        name = event.dimension.name
        key = (event.customer_identifier, name, event.source, tuple(event.tags.items()), event.occurred_at // 3600)
        found[key] = max(found[key], event.quantity) if name == "peak_nodes" else found[key] + event.quantity
        assert event.occurred_at in moments[key], "an event's moment is that of one of its calls"
    assert found == expected
    assert len(door.stored) <= len(calls)
    app.process.spool.close()


def test_only_like_calls_are_merged(app: App, door: Door) -> None:
    app.record()
    app.record("l-2")
    app.record(dimension="worklet_invocations")
    app.record(source="other")
    app.record(tags=(("team", "a"),))
    app.record(user="ann")  # a sum dimension may name one as well
    app.record()
    app.deliver_all()
    assert sorted(event.quantity for event in door.stored.values()) == [1, 1, 1, 1, 1, 2]
    assert [event.user for event in door.stored.values() if event.user] == ["ann"]


@pytest.mark.parametrize("interval", [30.0, 97.0, 300.0])
def test_an_event_never_straddles_an_hour(
    new_app: Callable[..., App], door: Door, clock: Clock, interval: float
) -> None:
    app = new_app(flush_interval=interval)
    clock.now = START + 3599.9
    app.record()
    clock.now = START + 3600.1
    app.record()
    app.deliver_all()
    assert [event.quantity for event in door.stored.values()] == [1, 1]
    assert {event.occurred_at // 3600 - START // 3600 for event in door.stored.values()} == {0, 1}


def test_merged_moments_lie_within_the_interval(app: App, door: Door, clock: Clock) -> None:
    """The metering system lets usage lie five minutes outside a subscription: merging must not stretch that."""
    clock.now = START + 1799
    for ago in range(0, 1800, 7):
        app.record(ago=ago)
    app.deliver_all()
    assert len(door.stored) == 60
    assert sum(event.quantity for event in door.stored.values()) == len(range(0, 1800, 7))


def test_the_largest_quantity_begins_another_event(app: App, door: Door) -> None:
    app.record(quantity=LARGEST_MERGED - 1)
    app.record(quantity=2)
    app.record(quantity=3)
    app.deliver_all()
    assert sorted(event.quantity for event in door.stored.values()) == [5, LARGEST_MERGED - 1]


def test_what_every_dimension_takes_is_never_merged_into_what_one_may_refuse(app: App, door: Door) -> None:
    """A call above it is an event of its own."""
    assert min(dimension.largest_event for dimension in DIMENSIONS.values()) >= LARGEST_MERGED
    for quantity in (1, LARGEST_MERGED + 1, 2, 3):
        app.record(quantity=quantity)
    app.deliver_all()
    assert sorted(event.quantity for event in door.stored.values()) == [6, LARGEST_MERGED + 1]


def test_the_highest_of_the_interval_is_one_event(app: App, door: Door) -> None:
    for count in (3, 9, 4):
        app.record(dimension="peak_nodes", quantity=count)
    app.deliver_all()
    assert [event.quantity for event in door.stored.values()] == [9]


def test_a_named_event_is_not_merged_and_is_the_same_when_repeated(app: App, door: Door) -> None:
    app.record(event_id="case-1")
    app.record(event_id="case-1")
    app.record()
    with pytest.raises(InvalidUsage, match="event_id"):
        app.record(event_id="case-1", quantity=2)
    app.deliver_all()
    app.record(event_id="case-1")
    app.deliver_all()
    assert door.totals() == {("l-1", "api_calls"): 2}
    assert app.stats.duplicate == 1


def test_ids_differ_between_processes(new_app: Callable[..., App], door: Door) -> None:
    first, second = new_app(), new_app()
    for each in (first, second):
        for _ in range(3):
            each.record()
            each.deliver_all()
    assert len(door.stored) == 6


def test_the_hour_of_the_test_is_an_hours_start() -> None:
    assert START == from_iso("2026-11-15T08:00:00Z") == START // 3600 * 3600
