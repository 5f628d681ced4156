"""What a batch adds to an hour, and how it is cut to fit a transaction."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.dimensions import Aggregation, Dimension
from marketplace.usage_allocations import tag_set
from runtime.clock import from_iso
from usage.fold_events import fold, parts
from usage.usage_event import UsageEvent

NOVEMBER, OCTOBER = from_iso("2026-11-15T08:00:00Z"), from_iso("2026-10-31T23:59:59Z")


def event(
    number: int,
    aggregation: Aggregation = "sum",
    quantity: Decimal | int = 1,
    user: str | None = None,
    at: float = NOVEMBER,
    dimension: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> UsageEvent:
    return UsageEvent(
        id=f"e{number}",
        source="test",
        customer_identifier="c",
        dimension=Dimension(name=dimension or aggregation, unit="u", aggregation=aggregation),
        quantity=Decimal(quantity),
        occurred_at=at,
        user=user,
        tags=tags or {},
    )


def test_sums_are_added_by_dimension_and_month() -> None:
    folded = fold(
        [event(1, quantity=2), event(2, quantity=3), event(3, quantity=5, at=OCTOBER), event(4, dimension="other")],
        set(),
        {},
    )
    assert folded.totals == {("sum", "2026-11"): 5, ("sum", "2026-10"): 5, ("other", "2026-11"): 1}
    assert folded.counted == {"e1": 2, "e2": 3, "e3": 5, "e4": 1}
    assert not folded.marks
    assert not folded.highest


def test_a_quantity_of_nothing_adds_nothing() -> None:
    folded = fold([event(1, quantity=0), event(2, "max", 0)], set(), {})
    assert folded.totals == {}
    assert folded.highest == {}
    assert folded.counted == {"e1": 0, "e2": 0}


def test_a_user_is_counted_once_a_month_and_dimension() -> None:
    """H14c: two operations on one mark would fail the transaction for ever."""
    folded = fold(
        [
            event(1, "distinct", user="ann"),
            event(2, "distinct", user="ann"),
            event(3, "distinct", user="bob"),
            event(4, "distinct", user="ann", at=OCTOBER),
            event(5, "distinct", user="ann", dimension="testers"),
        ],
        {("distinct", "2026-11", "bob")},
        {},
    )
    assert folded.counted == {"e1": 1, "e2": 0, "e3": 0, "e4": 1, "e5": 1}
    assert set(folded.marks) == {
        ("distinct", "2026-11", "ann"),
        ("distinct", "2026-10", "ann"),
        ("testers", "2026-11", "ann"),
    }
    assert folded.totals == {("distinct", "2026-11"): 1, ("distinct", "2026-10"): 1, ("testers", "2026-11"): 1}


@pytest.mark.parametrize(
    ("seen", "counted", "highest"),
    [
        ({}, [3, 2, 0, 0], 5),
        ({("max", "2026-11"): Decimal(4)}, [0, 1, 0, 0], 5),
        ({("max", "2026-11"): Decimal(5)}, [0, 0, 0, 0], None),
        ({("max", "2026-10"): Decimal(9)}, [3, 2, 0, 0], 5),
    ],
)
def test_only_the_increase_of_a_highest_count_is_added(
    seen: Mapping[tuple[str, str], Decimal], counted: list[int], highest: int | None
) -> None:
    folded = fold([event(n, "max", quantity) for n, quantity in enumerate([3, 5, 4, 5])], set(), seen)
    assert list(folded.counted.values()) == counted
    assert [found[0] for found in folded.highest.values()] == ([] if highest is None else [highest])


AGGREGATIONS: tuple[Aggregation, ...] = ("sum", "distinct", "max")
batches = st.lists(
    st.tuples(
        st.sampled_from(AGGREGATIONS),
        st.decimals(0, 1000, places=6),
        st.sampled_from(["ann", "bob", "cid"]),
        st.sampled_from([NOVEMBER, OCTOBER]),
        st.sampled_from([{}, {"team": "blue"}, {"team": "red", "site": "x"}]),
    ),
    max_size=30,
).map(
    lambda rows: [
        event(n, kind, 1 if kind == "distinct" else q, user, at, tags=tags)
        for n, (kind, q, user, at, tags) in enumerate(rows)
    ]
)


@given(batches)
def test_fold_conserves(events: list[UsageEvent]) -> None:
    """What is added to the hour is what the events say, and each event says its part."""
    folded = fold(events, set(), {})
    assert set(folded.counted) == {e.id for e in events}
    for counter, total in folded.totals.items():
        mine = [e for e in events if (e.dimension.name, e.period) == counter]
        assert total == sum(folded.counted[e.id] for e in mine)
        expected = {
            "sum": sum((e.quantity for e in mine), Decimal(0)),
            "distinct": Decimal(len({e.user for e in mine})),
            "max": max((e.quantity for e in mine), default=Decimal(0)),
        }
        assert total == expected[counter[0]]
    assert sum(folded.counted.values()) == sum(folded.totals.values())
    for (dimension, tags), units in folded.tagged.items():
        assert units > 0
        assert units == sum(
            folded.counted[e.id] for e in events if e.dimension.name == dimension and tag_set(e.tags) == tags
        )
    assert sum(folded.tagged.values()) == sum(folded.counted[e.id] for e in events if e.tags)
    assert all(units > 0 for units in folded.totals.values())


@given(batches, st.integers(0, 30))
def test_folding_in_two_transactions_adds_the_same(events: list[UsageEvent], cut: int) -> None:
    whole = fold(events, set(), {})
    first = fold(events[:cut], set(), {})
    seen = {counter: highest for counter, (highest, _) in first.highest.items()}
    second = fold(events[cut:], set(first.marks), seen)
    assert first.counted | second.counted == whole.counted


@pytest.mark.parametrize(
    ("aggregation", "per_id", "sizes"),
    [
        ("sum", 1, [98, 2]),
        ("sum", 2, [49, 49, 2]),
        ("distinct", 1, [49, 49, 2]),
        ("distinct", 2, [24, 24, 24, 24, 4]),
        ("max", 1, [49, 49, 2]),
    ],
)
def test_a_hundred_events_are_cut_to_what_a_transaction_takes(
    aggregation: Aggregation, per_id: int, sizes: list[int]
) -> None:
    events = [event(number, aggregation, user=str(number)) for number in range(100)]
    assert [len(part) for part in parts(events, operations=98, per_id=per_id)] == sizes


@given(batches, st.integers(4, 20), st.sampled_from([1, 2]))
def test_parts_keep_every_event_once_in_order_and_fit(events: list[UsageEvent], operations: int, per_id: int) -> None:
    found = list(parts(events, operations=operations, per_id=per_id))
    assert [e for part in found for e in part] == events
    for part in found:
        marked = sum(per_id if e.dimension.aggregation == "sum" else 2 * per_id for e in part)
        sets = {(e.dimension.name, tag_set(e.tags)) for e in part if e.tags}
        assert len(part) == 1 or marked + len(sets) <= operations


@pytest.mark.parametrize(("sets", "sizes"), [(1, [97, 3]), (2, [96, 4]), (100, [49, 49, 2])])
def test_a_set_of_tags_is_one_operation(sets: int, sizes: list[int]) -> None:
    events = [event(number, tags={"team": str(number % sets)}) for number in range(100)]
    assert [len(part) for part in parts(events, operations=98, per_id=1)] == sizes


def test_tags_are_folded_by_dimension_whatever_their_order() -> None:
    """H16: two operations on one item fail the transaction for ever."""
    folded = fold(
        [
            event(1, tags={"a": "1", "b": "2"}),
            event(2, tags={"b": "2", "a": "1"}, at=OCTOBER),
            event(3, tags={"a": "1"}),
            event(4, tags={"a": "1"}, dimension="other"),
            event(5),
            event(6, quantity=0, tags={"a": "9"}),
            event(7, "distinct", user="ann", tags={"a": "1"}),
            event(8, "distinct", user="ann", tags={"a": "2"}),
            event(9, "max", 3, tags={"a": "1"}),
            event(10, "max", 5, tags={"a": "2"}),
            event(11, "max", 4, tags={"a": "3"}),
        ],
        set(),
        {},
    )
    assert folded.tagged == {
        ("sum", (("a", "1"), ("b", "2"))): 2,
        ("sum", (("a", "1"),)): 1,
        ("other", (("a", "1"),)): 1,
        ("distinct", (("a", "1"),)): 1,
        ("max", (("a", "1"),)): 3,
        ("max", (("a", "2"),)): 2,
    }


def test_no_events_no_parts() -> None:
    assert list(parts([], operations=98, per_id=1)) == []
