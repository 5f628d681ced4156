"""Allocations and their tags."""

from typing import Any

from marketplace_local.errors import ServiceError
from marketplace_local.violation import Violation
from tests.marketplace_local.market import Market, raw_record, share, tagged
from tests.marketplace_local.rules.rule import optional, rule, unbound, without

INVALID = "ValidationException"
AT_MOST = 2**31 - 1


def tags(market: Market, *pairs: tuple[str, str], error: str | None = None) -> None:
    """One allocation with these tags is taken, or refused with that error."""
    allocation = {"AllocatedUsageQuantity": 5, "Tags": [{"Key": key, "Value": value} for key, value in pairs]}
    if error:
        market.refused(error, tagged(market.buyer(), allocation))
    else:
        assert market.statuses(tagged(market.buyer(), allocation)) == ["Success"]


@rule("F16", unbound("UsageAllocations", "min", "max"))
def test_1_to_2500_allocations(market: Market) -> None:
    buyer = market.buyer()
    parts = [share(1, n=str(n)) for n in range(2501)]
    market.refused(INVALID, tagged(buyer, Quantity=0))
    market.refused(INVALID, tagged(buyer, *parts, Quantity=2501))
    assert market.statuses(tagged(buyer, *parts[:2500], Quantity=2500)) == ["Success"]


@rule("F17", unbound("AllocatedUsageQuantity", "min", "max"))
def test_bounds_of_an_allocated_quantity(market: Market) -> None:
    buyer = market.buyer()
    market.refused(INVALID, tagged(buyer, share(-1, k="a"), share(6)))
    market.refused(INVALID, tagged(buyer, share(AT_MOST + 1, k="a")))
    assert market.statuses(tagged(buyer, share(0, k="a"), share(AT_MOST), Quantity=AT_MOST)) == ["Success"]


@rule("F18", unbound("AllocatedUsageQuantityAsDecimalString", "pattern", "min", "max"))
def test_form_of_a_decimal_allocation(market: Market) -> None:
    buyer = market.buyer()
    for text in ("01.5", "1.5000000", "1.5e0"):
        allocation = {"AllocatedUsageQuantityAsDecimal": text}
        market.refused(INVALID, tagged(buyer, allocation, QuantityAsDecimal="1.5"))
    assert market.statuses(tagged(buyer, {"AllocatedUsageQuantityAsDecimal": "1.500000"}, QuantityAsDecimal="1.5")) == [
        "Success"
    ]


@rule("F19", without("rules.request_form:allocations_are_of_the_records_kind"))
def test_allocations_are_of_the_records_kind(market: Market) -> None:
    buyer, error = market.buyer(), "InvalidUsageAllocationsException"
    none: dict[str, Any] = {"Tags": [{"Key": "k", "Value": "v"}]}
    market.refused(error, tagged(buyer, {"AllocatedUsageQuantityAsDecimal": "5"}))
    market.refused(error, tagged(buyer, share(5), QuantityAsDecimal="5"))
    market.refused(error, tagged(buyer, share(5) | {"AllocatedUsageQuantityAsDecimal": "5"}))
    market.refused(error, tagged(buyer, none, share(5)))
    assert market.statuses(tagged(buyer, share(5))) == ["Success"]


@rule("F20", without("rules.request_form:allocations_add_up"))
def test_allocations_sum_to_the_quantity(market: Market) -> None:
    buyer, error = market.buyer(), "InvalidUsageAllocationsException"
    market.refused(error, tagged(buyer, share(2, team="a"), share(2)))
    market.refused(error, tagged(buyer, share(2, team="a"), share(4)))
    assert market.statuses(tagged(buyer, share(2, team="a"), share(3))) == ["Success"]
    tenths = [{"AllocatedUsageQuantityAsDecimal": t, "Tags": [{"Key": "k", "Value": t}]} for t in ("0.1", "0.2")]
    assert market.statuses(tagged(buyer, *tenths, dimension="gb", QuantityAsDecimal="0.30")) == ["Success"]


@rule("F21", without("rules.request_form:tag_sets_are_unique"))
def test_tag_sets_are_unique(market: Market) -> None:
    buyer, error = market.buyer(), "InvalidUsageAllocationsException"
    market.refused(error, tagged(buyer, share(2), share(3)))
    market.refused(error, tagged(buyer, share(2, a="1", b="2"), share(3, b="2", a="1")))
    assert market.statuses(tagged(buyer, share(1), share(2, a="1"), share(2, a="2"))) == ["Success"]


@rule("F22", unbound("TagList", "min", "max"))
def test_1_to_5_tags_an_allocation(market: Market) -> None:
    pairs = [(f"k{n}", "v") for n in range(6)]
    tags(market, *pairs, error="InvalidTagException")
    tags(market, error="InvalidTagException")
    tags(market, *pairs[:5])


@rule("F23", optional("Tag", "Value"))
def test_a_tag_has_a_key_and_a_value(market: Market) -> None:
    buyer = market.buyer()
    for tag in ({"Key": "k"}, {"Value": "v"}):
        sent = raw_record(buyer, UsageAllocations=[{"AllocatedUsageQuantity": 5, "Tags": [tag]}])
        reply = market.raw({"UsageRecords": [sent]})
        assert reply.body["__type"] == "InvalidTagException"


@rule("F24", unbound("TagKey", "min", "max"))
def test_a_tags_key_has_1_to_100_characters(market: Market) -> None:
    for key in ("", "k" * 101):
        tags(market, (key, "v"), error="InvalidTagException")
    tags(market, ("k" * 100, "v"))


@rule("F25", unbound("TagValue", "min", "max"))
def test_a_tags_value_has_1_to_256_characters(market: Market) -> None:
    for value in ("", "v" * 257):
        tags(market, ("k", value), error="InvalidTagException")
    tags(market, ("k", "v" * 256))


@rule("F26", without("rules.request_form:tags_are_plain"))
def test_characters_of_tags(market: Market) -> None:
    for text in ("a,b", "a;b", "(a)", "a*b"):
        tags(market, ("k", text), error="InvalidTagException")
        tags(market, (text, "v"), error="InvalidTagException")
    tags(market, ("aZ9 +-=._:/@", "aZ9 +-=._:/@"))


@rule("F27", without("rules.request_form:tag_keys_do_not_repeat"))
def test_a_key_stands_once_in_an_allocation(market: Market) -> None:
    tags(market, ("k", "1"), ("k", "2"), error="InvalidTagException")
    tags(market, ("k", "1"), ("K", "2"))


def _any_error(broken: list[Violation]) -> None:
    if broken:
        raise ServiceError(INVALID, "switched off")


@rule("F28", without("rules.request_form:request_fits_model", _any_error))
def test_a_broken_tag_has_an_error_of_its_own(market: Market) -> None:
    tags(market, ("é", "v"), error="InvalidTagException")
    buyer = market.buyer()
    both = tagged(buyer, share(5, é="v"), dimension="d" * 256)
    market.refused(INVALID, both)
