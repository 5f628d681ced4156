"""Quantities are exact, bounded, and nothing that was not reported: no float, no rounding, no lenient reading."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.attribute_values import to_attribute
from marketplace import quantity as quantities
from marketplace.dimensions import LARGEST_WHOLE, Dimension
from marketplace.quantity import BadQuantity, floor, text
from marketplace.quantity import parse as parse_up_to

NANO = Decimal("0.000000001")
LARGEST = LARGEST_WHOLE
valid = st.integers(0, int(LARGEST) * 10**9).map(lambda nanos: nanos * NANO)


def parse(value: object) -> Decimal:
    return parse_up_to(value, LARGEST)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (1, "1"),
        ("1", "1"),
        (Decimal("0.000000001"), "0.000000001"),
        ("1.500000", "1.5"),
        ("1.0000000000", "1"),
        (LARGEST, "2147483647"),
        (Decimal("999999999.999999"), "999999999.999999"),
        ("1e3", "1000"),
        (Decimal("1E+9"), "1000000000"),
        (Decimal("0E-400"), "0"),
        ("-0", "0"),
        ("+5", "5"),
        (".5", "0.5"),
    ],
)
def test_a_quantity_is_read_exactly(value: object, expected: str) -> None:
    assert text(parse(value)) == expected


@pytest.mark.parametrize(
    "value",
    [
        *[-1, "-0.000000001", Decimal("-1e-400")],
        *[LARGEST + NANO, LARGEST + 1, "1e10", Decimal("1e400"), 10**400],
        *["0.0000000001", Decimal("0.0000000001"), "1.2345678901", Decimal("1e-400")],
        *[Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), "NaN", "inf", "sNaN"],
        *[True, False, None, [], {}, [1], 1.5, 0.1, float("nan"), b"1"],
        *["", " ", "one", "1,5", "1.5.5", "0x10", "1e", "--1", "e3", "."],
        *["1_000", " 1", "1 ", "1\n", "\u0661\u0662", "\uff11", "1\x00", "\ud800", "1e-", "1e9999"],
        "9" * 41,
        Decimal("9" * 30),
        Decimal("0." + "9" * 30),
    ],
)
def test_what_is_not_a_quantity_is_refused(value: object) -> None:
    with pytest.raises(BadQuantity):
        parse(value)


@pytest.mark.parametrize("digits", ["1." + "0" * 65 + "1", "0.999999" + "9" * 60, "1" + "0" * 70 + "e-70"])
def test_more_digits_than_can_be_held_are_refused_not_rounded(digits: str) -> None:
    """A number that would round to a valid one was still not reported as that one."""
    with pytest.raises(BadQuantity):
        parse(Decimal(digits))


def test_the_bound_of_a_strings_length() -> None:
    assert parse("1" + "." + "0" * 38) == 1
    with pytest.raises(BadQuantity):
        parse("1" + "." + "0" * 39)


@given(valid)
def test_every_valid_quantity_is_read_as_itself_from_number_and_text(quantity: Decimal) -> None:
    assert parse(quantity) == quantity
    assert parse(text(quantity)) == quantity
    assert parse(str(quantity)) == quantity


@given(valid)
def test_reading_is_canonical(quantity: Decimal) -> None:
    """Equal quantities read equal however they were written, so that a repeat compares as one."""
    written = [parse(format(quantity, ".9f")), parse(quantity), parse(str(quantity.normalize()))]
    assert len({str(one) for one in written}) == 1


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_whatever_is_accepted_keeps_the_rules(value: Decimal) -> None:
    try:
        quantity = parse(value)
    except BadQuantity:
        return
    assert quantity == value
    assert 0 <= quantity <= LARGEST
    assert quantity % NANO == 0


@given(st.text(max_size=60))
def test_no_text_is_anything_but_a_quantity_or_a_refusal(value: str) -> None:
    with contextlib.suppress(BadQuantity):
        assert 0 <= parse(value) <= LARGEST


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [("2.999999", 0, "2"), ("3", 0, "3"), ("0.9999999", 6, "0.999999"), ("1.05", 1, "1"), ("0", 6, "0")],
)
def test_floor_cuts(value: str, decimals: int, expected: str) -> None:
    assert text(floor(Decimal(value), decimals)) == expected


@given(st.decimals(0, 10**12, places=9), st.integers(0, 6))
def test_floor_takes_less_than_one_step_and_never_adds(value: Decimal, decimals: int) -> None:
    cut = floor(value, decimals)
    assert 0 <= value - cut < Decimal(1).scaleb(-decimals)
    exponent = cut.as_tuple().exponent
    assert isinstance(exponent, int)
    assert exponent >= -decimals


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1E+3", "1000"), ("0.250", "0.25"), ("0", "0"), ("0.000000", "0"), ("100", "100"), ("1E-6", "0.000001")],
)
def test_text_has_plain_digits(value: str, expected: str) -> None:
    assert text(Decimal(value)) == expected


@given(st.decimals(0, 10**15, places=9))
def test_text_is_read_back(value: Decimal) -> None:
    assert Decimal(text(value)) == value
    assert "E" not in text(value)


def test_the_smallest_quantity_of_a_gb_is_a_byte() -> None:
    """Lines are cut to the decimals that Marketplace takes, 6 at most; what is recorded is not."""
    assert quantities.DECIMALS == 9
    assert parse(text(Decimal(1) / 10**9)) == NANO


@pytest.mark.parametrize("decimals", [0, 6])
@pytest.mark.parametrize("scale", [1, 1_000, 1_000_000_000])
def test_an_event_may_fill_a_line_of_its_dimension_and_no_more(scale: int, decimals: int) -> None:
    """3 GB of a dimension in bytes, priced by the gigabyte, are a small line; more than a line is nobody's usage."""
    dimension = Dimension(name="bytes", unit="byte", scale=scale, decimals=decimals)
    largest = dimension.largest_event
    assert parse_up_to(str(largest), largest) == largest
    assert floor(largest / scale, decimals) == dimension.largest
    with pytest.raises(BadQuantity, match=text(largest)):
        parse_up_to(largest + NANO, largest)


def test_a_million_of_the_largest_events_are_counted_exactly() -> None:
    """DynamoDB adds numbers of 38 digits; beyond them it would round, or refuse."""
    largest = Dimension(name="bytes", unit="byte", scale=1_000_000_000, decimals=6).largest_event
    to_attribute(1_000_000 * (largest - 1 + NANO))
