"""What a BatchMeterUsage request must look like."""

import json
from typing import Any

from tests.marketplace_local.market import Market, raw_record, record, share, tagged
from tests.marketplace_local.rules.rule import optional, rule, unbound, without

INVALID = "ValidationException"
AT_MOST = 2**31 - 1


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
    assert (
        market.statuses(record(buyer, Quantity=0), record(buyer, dimension="gb", Quantity=AT_MOST)) == ["Success"] * 2
    )


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
