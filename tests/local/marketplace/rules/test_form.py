"""What a BatchMeterUsage request must look like."""

import json
from typing import Any

from local.marketplace.errors import ApiError
from local.marketplace.model import Violation
from tests.local.marketplace.market import Market, raw_record, record, share, tagged
from tests.local.marketplace.rules.rule import optional, rule, unbound, without

INVALID = "ValidationException"
AT_MOST = 2**31 - 1


def tags(market: Market, *pairs: tuple[str, str], error: str | None = None) -> None:
    """One allocation with these tags is taken, or refused with that error."""
    allocation = {"AllocatedUsageQuantity": 5, "Tags": [{"Key": key, "Value": value} for key, value in pairs]}
    if error:
        market.refused(error, tagged(market.buyer(), allocation))
    else:
        assert market.statuses(tagged(market.buyer(), allocation)) == ["Success"]


@rule("F01", optional("BatchMeterUsageRequest", "UsageRecords"))
def test_usage_records_are_required(market: Market) -> None:
    reply = market.raw({})
    assert (reply.status, reply.body.get("__type")) == (400, INVALID)


@rule("F02", unbound("UsageRecordList", "max"))
def test_at_most_25_records(market: Market) -> None:
    buyer = market.buyer()
    assert market.send()["Results"] == []
    assert len(market.send(*[record(buyer)] * 25)["Results"]) == 25
    market.refused(INVALID, *[record(buyer)] * 26)


@rule("F03", unbound("ProductCode", "max"))
def test_product_code_has_at_most_255_characters(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.refused("InvalidProductCodeException", record(buyer), code="p" * 255)
    market.refused(INVALID, record(buyer), code="p" * 256)


@rule("F04", unbound("ProductCode", "pattern"))
def test_characters_of_a_product_code(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.refused("InvalidProductCodeException", record(buyer), code="-aZ9/=:_.@")
    market.refused(INVALID, record(buyer), code="prod code")


@rule("F05", optional("UsageRecord", "Timestamp"))
def test_a_record_has_a_timestamp(market: Market) -> None:
    sent = raw_record(market.buyer())
    assert market.raw({"UsageRecords": [sent]}).status == 200
    del sent["Timestamp"]
    reply = market.raw({"UsageRecords": [sent]})
    assert reply.body["__type"] == INVALID
    assert "UsageRecords.1.member.Timestamp" in reply.body["message"]


@rule("F06", optional("UsageRecord", "Dimension"))
def test_a_record_has_a_dimension(market: Market) -> None:
    sent = raw_record(market.buyer())
    del sent["Dimension"]
    reply = market.raw({"UsageRecords": [sent]})
    assert reply.body["__type"] == INVALID
    assert "UsageRecords.1.member.Dimension" in reply.body["message"]


@rule("F07", unbound("UsageDimension", "min", "max", "pattern"))
def test_a_dimension_has_1_to_255_characters(market: Market) -> None:
    buyer = market.buyer()
    for name in ("d", "d" * 255, "ü ,\n"):
        market.refused("InvalidUsageDimensionException", record(buyer, dimension=name))
    for name in ("", "d" * 256):
        market.refused(INVALID, record(buyer, dimension=name))


@rule("F08", unbound("CustomerAWSAccountId", "pattern"))
def test_an_account_consists_of_digits(market: Market) -> None:
    market.refused(INVALID, record(market.buyer(), CustomerAWSAccountId="12345678901x"))


@rule("F09", unbound("CustomerAWSAccountId", "max"))
def test_an_account_has_at_most_255_characters(market: Market) -> None:
    buyer = market.buyer()
    market.refused("InvalidLicenseException", record(buyer, CustomerAWSAccountId="1" * 255))
    market.refused(INVALID, record(buyer, CustomerAWSAccountId="1" * 256))


@rule("F10", unbound("CustomerIdentifier", "max"))
def test_a_customer_identifier_has_at_most_255_characters(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.refused("InvalidCustomerIdentifierException", record(buyer, CustomerIdentifier="c" * 255))
    market.refused(INVALID, record(buyer, CustomerIdentifier="c" * 256))


@rule("F11", unbound("LicenseArn", "pattern"))
def test_a_licence_arn_is_whole(market: Market) -> None:
    buyer = market.buyer()
    for arn in (buyer["licenseArn"].removeprefix("arn:"), buyer["id"]):
        market.refused(INVALID, record(buyer, LicenseArn=arn))


@rule("F12", unbound("UsageQuantity", "min", "max"))
def test_bounds_of_a_quantity(market: Market) -> None:
    buyer = market.buyer()
    for quantity in (-1, AT_MOST + 1):
        market.refused(INVALID, record(buyer, Quantity=quantity))
    assert market.statuses(record(buyer, Quantity=0), record(buyer, dimension="gb", Quantity=AT_MOST)) == ["Success"] * 2


@rule("F13", unbound("UsageQuantityAsDecimalString", "pattern", "min", "max"))
def test_form_of_a_decimal_quantity(market: Market) -> None:
    buyer = market.buyer()
    for text in ("01", "1.0000001", "-1", "+1", "1e3", "12345678901", "1.", ".5", "1\n"):
        market.refused(INVALID, record(buyer, QuantityAsDecimal=text))
    taken = (record(buyer, QuantityAsDecimal="0"), record(buyer, dimension="gb", QuantityAsDecimal="9999999999.999999"))
    assert market.statuses(*taken) == ["Success"] * 2


@rule("F14", without("rules.request_form:one_quantity_field"))
def test_one_quantity_a_record(market: Market) -> None:
    buyer = market.buyer()
    market.refused(INVALID, record(buyer), record(buyer, dimension="gb", Quantity=1, QuantityAsDecimal="1"))


@rule("F15", without("rules.usage_record:quantity_text", lambda sent: str(sent.get("Quantity", 1))))
def test_no_quantity_is_0(market: Market) -> None:
    none = record(market.buyer())
    del none["Quantity"]
    assert market.statuses(none) == ["Success"]
    assert market.quantities() == ["0"]


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
    assert market.statuses(
        tagged(buyer, {"AllocatedUsageQuantityAsDecimal": "1.500000"}, QuantityAsDecimal="1.5")
    ) == ["Success"]


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
        raise ApiError(INVALID, "switched off")


@rule("F28", without("rules.request_form:request_fits_model", _any_error))
def test_a_broken_tag_has_an_error_of_its_own(market: Market) -> None:
    tags(market, ("é", "v"), error="InvalidTagException")
    buyer = market.buyer()
    both = tagged(buyer, share(5, é="v"), dimension="d" * 256)
    market.refused(INVALID, both)


@rule("F29", without("rules.request_form:request_under_one_megabyte"))
def test_a_request_is_under_1_mb(market: Market) -> None:
    buyer = market.buyer()
    whole = {"UsageRecords": [raw_record(buyer, UsageAllocations=[share(5)])], "Padding": ""}
    fits = 1_000_000 - 1 - len(_bytes(whole))
    assert market.raw(_bytes(whole | {"Padding": "x" * fits})).status == 200
    reply = market.raw(_bytes(whole | {"Padding": "x" * (fits + 1)}))
    assert (reply.status, reply.body.get("__type")) == (413, "RequestEntityTooLargeException")
    parts = [share(1, k1=f"{n:0250d}", k2="x" * 200) for n in range(2400)]
    market.refused("RequestEntityTooLargeException", tagged(buyer, *parts, dimension="gb", Quantity=2400))


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
