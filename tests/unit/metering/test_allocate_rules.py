"""A line's units are split by tags: exactly, the untagged first to lose, the smallest first to be folded."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.quantity import floor
from marketplace.usage_allocations import MAX_ALLOCATIONS, UNTAGGED, Allocation, TagSet, allocations_size
from metering.seal.allocate_rules import LARGEST_HOUR, LARGEST_LINE, MOST_LINES, Split, allocate, largest_of

ZERO = Decimal(0)


def team(name: str) -> TagSet:
    return (("team", name),)


def split(line: str, tagged: Mapping[str, str], scale: int = 1, decimals: int = 0, **changes: Any) -> Split:
    return allocate(
        Decimal(line),
        scale=scale,
        decimals=decimals,
        tagged={team(name): Decimal(units) for name, units in tagged.items()},
        **changes,
    )


def shares(found: Split) -> dict[str, str]:
    return {
        allocation.tags[0][1] if allocation.tags else "": str(allocation.quantity) for allocation in found.allocations
    }


def test_usage_without_tags_makes_a_plain_line() -> None:
    assert split("5", {}) == Split()


def test_fully_billed_usage_is_split_as_reported() -> None:
    assert shares(split("9", {"a": "2", "b": "3"})) == {"": "4", "a": "2", "b": "3"}


def test_the_untagged_bucket_is_left_out_where_it_is_empty() -> None:
    assert shares(split("5", {"a": "2", "b": "3"})) == {"a": "2", "b": "3"}


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("8", {"": "3", "a": "2", "b": "3"}),
        ("5", {"a": "2", "b": "3"}),
        ("4", {"a": "2", "b": "2"}),
        ("2", {"a": "2"}),
        ("1", {"a": "1"}),
        ("0", {}),
    ],
)
def test_unbilled_units_come_from_the_untagged_then_from_the_largest_set(line: str, left: dict[str, str]) -> None:
    assert shares(split(line, {"a": "2", "b": "3"})) == left


def test_of_equal_sets_the_first_by_name_loses_units_first() -> None:
    assert shares(split("3", {"b": "2", "a": "2"})) == {"a": "1", "b": "2"}


def test_parts_of_a_billed_unit_go_to_the_untagged_bucket() -> None:
    """2,400 + 1,700 + 900 calls are 5 billed units, of which the sets fill 2 and 1."""
    assert shares(split("5", {"a": "2400", "b": "1700", "c": "900"}, scale=1000)) == {"": "2", "a": "2", "b": "1"}


def test_a_line_is_plain_if_no_set_fills_a_billed_unit() -> None:
    assert split("1", {"a": "600", "b": "400"}, scale=1000) == Split()


def test_decimals_are_kept() -> None:
    found = split("0.003", {"a": "1.5", "b": "1.4999"}, scale=1000, decimals=6)
    assert {name: Decimal(units) for name, units in shares(found).items()} == {
        "": Decimal("0.000001"),
        "a": Decimal("0.0015"),
        "b": Decimal("0.001499"),
    }


def many(number: int) -> dict[TagSet, Decimal]:
    return {team(f"{n:05}"): Decimal(n + 1) for n in range(number)}


@pytest.mark.parametrize(
    ("sets", "untagged", "folded", "kept"),
    [
        (2500, 0, 0, 2500),
        (2499, 7, 0, 2500),
        (2500, 7, 1, 2500),
        (2501, 0, 2, 2500),
        (2600, 0, 101, 2500),
    ],
)
def test_too_many_sets_are_folded_smallest_first(sets: int, untagged: int, folded: int, kept: int) -> None:
    tagged = many(sets)
    line = sum(tagged.values(), ZERO) + untagged
    found = allocate(line, scale=1, decimals=0, tagged=tagged)
    small = sum((Decimal(n + 1) for n in range(folded)), ZERO)
    assert (len(found.allocations), found.folded_sets, found.folded_units) == (kept, folded, small)
    assert sum((allocation.quantity for allocation in found.allocations), ZERO) == line
    assert found.allocations[-1].quantity == sets
    rest = {allocation.tags: allocation.quantity for allocation in found.allocations}.get(UNTAGGED, ZERO)
    assert rest == untagged + small


def test_sets_that_take_too_many_bytes_are_folded() -> None:
    tagged = {tuple((f"{k}" * 100, f"{n:0256}") for k in range(5)): Decimal(n + 1) for n in range(1000)}
    line = sum(tagged.values(), ZERO)
    found = allocate(line, scale=1, decimals=0, tagged=tagged)
    size = allocations_size(found.allocations)
    assert LARGEST_LINE - 3000 < size <= LARGEST_LINE
    assert found.folded_sets == 1000 - (len(found.allocations) - 1)
    assert found.allocations[0] == Allocation(UNTAGGED, found.folded_units)
    assert found.folded_units == sum((Decimal(n + 1) for n in range(found.folded_sets)), ZERO)


def test_all_sets_are_folded_and_logged_if_none_fits() -> None:
    assert split("5", {"a": "2", "b": "3"}, largest=0) == Split((), 2, Decimal(5))


def test_an_hours_lines_share_what_a_transaction_takes() -> None:
    assert largest_of({"a": Decimal(1)}) == {"a": LARGEST_LINE}
    five = largest_of({name: Decimal(1) for name in "abcde"})
    assert set(five.values()) == {LARGEST_HOUR // 5}
    hundred = largest_of({f"{n:03}": Decimal(n) for n in range(100)})
    assert sum(hundred.values()) <= LARGEST_HOUR
    assert [name for name, size in hundred.items() if not size] == [
        f"{n:03}" for n in reversed(range(100 - MOST_LINES))
    ]
    assert largest_of({}) == {}


units = st.decimals(0, 5000, places=6)
tag_sets = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("xyz"), min_size=1, max_size=3).map(
    lambda tags: tuple(sorted(tags.items()))
)


@st.composite
def hours(draw: st.DrawFn) -> dict[str, Any]:
    """A line as sealing makes it: what is neither included nor kept, cut to its decimals."""
    tagged = draw(st.dictionaries(tag_sets, units.filter(bool), max_size=12))
    untagged = draw(units)
    shares: list[Decimal] = [ZERO, Decimal(1), Decimal(1), Decimal("0.5")]
    scale, decimals = draw(st.sampled_from([1, 3, 1000])), draw(st.sampled_from([0, 2, 6]))
    net = (sum(tagged.values(), ZERO) + untagged) * draw(st.sampled_from(shares))
    return {
        "quantity": min(floor(net / scale, decimals), draw(st.sampled_from([Decimal(40), Decimal(10**6)]))),
        "scale": scale,
        "decimals": decimals,
        "tagged": tagged,
        "largest": draw(st.sampled_from([0, 200, 400, LARGEST_LINE])),
    }


def of(hour: Mapping[str, Any], **changes: Any) -> Split:
    given_ = {**hour, **changes}
    return allocate(given_.pop("quantity"), **given_)


@given(hours())
def test_allocations_sum_to_the_line_and_stay_within_the_limits(hour: dict[str, Any]) -> None:
    found = of(hour)
    assert (found.allocations == ()) or sum((a.quantity for a in found.allocations), ZERO) == hour["quantity"]
    assert all(a.quantity > 0 for a in found.allocations)
    assert all(a.quantity == floor(a.quantity, hour["decimals"]) for a in found.allocations)
    assert len({a.tags for a in found.allocations}) == len(found.allocations) <= MAX_ALLOCATIONS
    assert allocations_size(found.allocations) <= hour["largest"]
    assert not found.allocations or any(a.tags for a in found.allocations)


@given(hours())
def test_no_set_is_billed_more_than_it_used(hour: dict[str, Any]) -> None:
    for allocation in of(hour).allocations:
        if allocation.tags:
            assert allocation.quantity * hour["scale"] <= hour["tagged"][allocation.tags]


@given(hours())
def test_sets_lose_nothing_while_untagged_units_can_pay(hour: dict[str, Any]) -> None:
    """Then the largest sets pay: a set that lost units is larger than each one that lost none."""
    found = {a.tags: a.quantity for a in of(hour, largest=LARGEST_LINE).allocations}
    own = {tags: floor(used / hour["scale"], hour["decimals"]) for tags, used in hour["tagged"].items()}
    losers = {tags for tags, units_ in own.items() if found.get(tags, ZERO) < units_}
    if hour["quantity"] * hour["scale"] >= sum(hour["tagged"].values(), ZERO):
        assert not losers
    keepers = {tags for tags, units_ in own.items() if units_ and tags not in losers}
    assert all(hour["tagged"][loser] >= hour["tagged"][keeper] for loser in losers for keeper in keepers)


@given(hours(), st.randoms())
def test_the_order_in_which_sets_are_read_does_not_matter(hour: dict[str, Any], random: Any) -> None:
    rows = list(hour["tagged"].items())
    random.shuffle(rows)
    assert of(hour, tagged=dict(rows)) == of(hour)


@given(hours())
def test_the_smallest_sets_are_folded(hour: dict[str, Any]) -> None:
    whole, found = of(hour, largest=LARGEST_LINE), of(hour)
    before = {a.tags: a.quantity for a in whole.allocations if a.tags}
    kept = {a.tags: a.quantity for a in found.allocations if a.tags}
    folded = {tags: quantity for tags, quantity in before.items() if tags not in kept}
    assert kept.items() <= before.items()
    assert (found.folded_sets, found.folded_units) == (len(folded), sum(folded.values(), ZERO))
    assert max(folded.values(), default=ZERO) <= min(kept.values(), default=Decimal("Infinity"))


@given(hours())
def test_a_split_is_split_into_itself(hour: dict[str, Any]) -> None:
    found = of(hour)
    tagged = {a.tags: a.quantity for a in found.allocations if a.tags}
    again = of(hour, scale=1, tagged=tagged)
    assert again == Split(found.allocations)


@given(hours())
def test_tagged_units_that_exceed_what_was_counted_still_split_exactly(hour: dict[str, Any]) -> None:
    """Cannot happen: they are added with the record. If it did, the line would still be billed, and exactly."""
    total = sum(hour["tagged"].values(), ZERO)
    line = floor(total / 2 / hour["scale"], hour["decimals"])
    found = of(hour, quantity=line)
    assert found.allocations == () or sum((a.quantity for a in found.allocations), ZERO) == line
