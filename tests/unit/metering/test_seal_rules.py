"""What an hour's line is: exact, conserved, the same in any order of sealing."""

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.subscriber import Period
from marketplace.dimensions import LARGEST_DECIMAL, LARGEST_WHOLE, Dimension
from metering.seal.seal_rules import SealedDimension, is_active_through, line_timestamp, seal_dimension

ZERO = Decimal(0)
MONTH = "2026-11"


def dimension(scale: int = 1, decimals: int = 0) -> Dimension:
    return Dimension(name="d", unit="u", scale=scale, decimals=decimals)


def seal(
    counted: str,
    *,
    scale: int = 1,
    decimals: int = 0,
    allowance: str | None = None,
    used: str = "0",
    remainder: str = "0",
) -> SealedDimension:
    return seal_dimension(
        dimension(scale, decimals),
        {MONTH: Decimal(counted)},
        allowance=None if allowance is None else Decimal(allowance),
        used={MONTH: Decimal(used)} if Decimal(used) else {},
        remainder=Decimal(remainder),
    )


@pytest.mark.parametrize(
    ("counted", "scale", "decimals", "remainder", "line", "left"),
    [
        ("3", 1, 0, "0", "3", "0"),
        ("0.999999", 1, 0, "0", "0", "0.999999"),
        ("0.000001", 1, 0, "0.999999", "1", "0"),
        ("999", 1000, 0, "0", "0", "999"),
        ("1000", 1000, 0, "0", "1", "0"),
        ("2400", 1000, 0, "0", "2", "400"),
        ("600", 1000, 0, "400", "1", "0"),
        ("599.999999", 1000, 0, "400", "0", "999.999999"),
        ("0.25", 1, 6, "0", "0.25", "0"),
        ("1234", 1000, 2, "0", "1.23", "4"),
        ("10", 3, 6, "0", "3.333333", "0.000001"),
        ("0", 1, 0, "5", "5", "0"),
    ],
)
def test_the_line_is_scaled_once_and_the_rest_stays(
    counted: str, scale: int, decimals: int, remainder: str, line: str, left: str
) -> None:
    sealed = seal(counted, scale=scale, decimals=decimals, remainder=remainder)
    assert (sealed.quantity, sealed.remainder) == (Decimal(line), Decimal(left))
    assert sealed.counted == Decimal(counted)
    assert sealed.included == {}


@pytest.mark.parametrize(
    ("counted", "allowance", "used", "included", "line"),
    [
        ("5", "5", "0", "5", "0"),
        ("6", "5", "0", "5", "1"),
        ("6", "5", "4", "1", "5"),
        ("6", "5", "5", "0", "6"),
        ("6", "0", "0", "0", "6"),
        # A lowered allowance lies below what was used: never a negative line.
        ("6", "3", "5", "0", "6"),
        ("6", "-1", "0", "6", "0"),
        ("6", "-1", "99999", "6", "0"),
        ("6", None, "0", "0", "6"),
    ],
)
def test_the_allowance_covers_first(counted: str, allowance: str | None, used: str, included: str, line: str) -> None:
    sealed = seal(counted, allowance=allowance, used=used)
    assert sealed.included == ({MONTH: Decimal(included)} if Decimal(included) else {})
    assert sealed.quantity == Decimal(line)
    assert sealed.used.get(MONTH, ZERO) == Decimal(used) + Decimal(included)


def test_the_allowance_is_not_applied_to_what_was_left_over() -> None:
    """H7: a remainder that went through the allowance again would be absorbed by it in silence."""
    sealed = seal("1", scale=10, allowance="100", remainder="9")
    assert sealed.included == {MONTH: 1}
    assert (sealed.quantity, sealed.remainder) == (ZERO, Decimal(9))


def test_each_month_has_its_own_allowance() -> None:
    sealed = seal_dimension(
        dimension(),
        {"2026-10": Decimal(4), MONTH: Decimal(7)},
        allowance=Decimal(5),
        used={"2026-10": Decimal(3), "2026-09": Decimal(5)},
        remainder=ZERO,
    )
    assert sealed.included == {"2026-10": 2, MONTH: 5}
    assert sealed.used == {"2026-09": 5, "2026-10": 5, MONTH: 5}
    assert sealed.quantity == 4


@pytest.mark.parametrize(
    ("decimals", "largest", "step"), [(0, LARGEST_WHOLE, Decimal(1)), (6, LARGEST_DECIMAL, Decimal("0.000001"))]
)
def test_units_beyond_the_largest_quantity_stay_in_the_remainder(
    decimals: int, largest: Decimal, step: Decimal
) -> None:
    """H20: a line over the limit is a validation error that fails all 25."""
    sealed = seal(str(largest), decimals=decimals)
    assert (sealed.quantity, sealed.remainder) == (largest, ZERO)
    sealed = seal(str(largest + step), decimals=decimals)
    assert (sealed.quantity, sealed.remainder) == (largest, step)
    following = seal("0", decimals=decimals, remainder=str(sealed.remainder))
    assert (following.quantity, following.remainder) == (step, ZERO)


units = st.decimals(0, 10**10, places=6)
periods = st.dictionaries(st.sampled_from(["2026-09", "2026-10", MONTH]), units, max_size=3)
allowances = st.none() | st.just(Decimal(-1)) | st.decimals(0, 10**6, places=6)


@given(st.integers(1, 10**6), st.integers(0, 6), periods, allowances, periods, st.decimals(0, 10**12, places=6))
def test_sealing_conserves_units(
    scale: int,
    decimals: int,
    counted: Mapping[str, Decimal],
    allowance: Decimal | None,
    used: Mapping[str, Decimal],
    remainder: Decimal,
) -> None:
    kind = dimension(scale, decimals)
    sealed = seal_dimension(kind, counted, allowance=allowance, used=used, remainder=remainder)
    included = sum(sealed.included.values(), ZERO)
    assert sealed.counted == sum(counted.values(), ZERO)
    assert sealed.counted + remainder == included + sealed.quantity * scale + sealed.remainder
    assert 0 <= sealed.quantity <= kind.largest
    assert sealed.remainder >= 0
    if sealed.quantity < kind.largest:
        assert sealed.remainder < Decimal(scale).scaleb(-decimals), "nothing that could be billed is held back"
    for period, covered in sealed.included.items():
        assert 0 < covered <= counted[period]
        assert sealed.used[period] == used.get(period, ZERO) + covered
        if allowance is not None and allowance >= 0:
            assert sealed.used[period] <= allowance
    assert sum(sealed.used.values()) == sum(used.values()) + included


hours = st.lists(periods, min_size=1, max_size=4)


def in_order(
    kind: Dimension, counts: Sequence[Mapping[str, Decimal]], allowance: Decimal | None
) -> tuple[Decimal, Decimal, dict[str, Decimal]]:
    billed, remainder, used = ZERO, ZERO, dict[str, Decimal]()
    for counted in counts:
        sealed = seal_dimension(kind, counted, allowance=allowance, used=used, remainder=remainder)
        billed, remainder, used = billed + sealed.quantity, sealed.remainder, dict(sealed.used)
    return billed, remainder, {period: units for period, units in used.items() if units}


@given(st.sampled_from([1, 7, 1000]), st.sampled_from([0, 2, 6]), hours, allowances)
def test_any_order_of_sealing_gives_the_same_sums(
    scale: int, decimals: int, counts: list[dict[str, Decimal]], allowance: Decimal | None
) -> None:
    """H7: with a constant allowance it does not matter which of several hours is sealed first."""
    kind = dimension(scale, decimals)
    # Beyond what one line takes the rest waits for the next hour, so then the order says which hour bills it.
    assume(sum((units for counted in counts for units in counted.values()), ZERO) / scale <= kind.largest)
    sums = [in_order(kind, order, allowance) for order in itertools.permutations(counts)]
    assert all(found == sums[0] for found in sums)


@pytest.mark.parametrize(
    ("periods", "timestamp"),
    [
        ((), 7200),
        ((Period(0),), 7200),
        ((Period(7200),), 7200),
        ((Period(7201),), 7201),
        ((Period(10799),), 10799),
        ((Period(10800),), 7200),
        ((Period(0, 7200), Period(9000)), 9000),
        # Still active at the hour's start: the start itself can be sent.
        ((Period(0, 7201), Period(9000)), 7200),
        ((Period(0, 3600), Period(8000, 8100), Period(9000)), 8000),
        ((Period(0, 3600),), 7200),
        # Active for no time at all, at the hour's start.
        ((Period(7200, 7200), Period(9000)), 7200),
    ],
)
def test_an_hours_timestamp_is_its_start_or_the_activation_inside_it(
    periods: tuple[Period, ...], timestamp: int
) -> None:
    assert line_timestamp(7200, periods) == timestamp


@pytest.mark.parametrize(
    ("period", "active"),
    [
        (Period(10799), True),
        (Period(10800), False),
        (Period(0, 10801), True),
        (Period(0, 10800), False),
    ],
)
def test_a_customer_is_active_through_an_hour_if_active_before_its_end_and_at_it(period: Period, active: bool) -> None:
    assert is_active_through([period], 7200) is active


@given(st.lists(st.tuples(st.integers(0, 20000), st.integers(1, 5000) | st.none()), max_size=4))
def test_a_timestamp_never_leaves_its_hour(spans: list[tuple[int, int | None]]) -> None:
    """H1: two hours of one customer must never share a Marketplace hour."""
    found = tuple(Period(start, start + length if length else None) for start, length in sorted(spans, key=str))
    assert 7200 <= line_timestamp(7200, found) < 10800
