"""Invoices, billing adjustments and data feeds."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marketplace_local.admin import AdminRefused
from marketplace_local.errors import AdminError
from marketplace_local.model import answer_violations
from tests.marketplace_local.market import HOUR, PRODUCT, Market, record
from tests.marketplace_local.rules.rule import rule, without


def at(market: Market, moment: str) -> None:
    market.clock.moment = datetime.fromisoformat(moment)


def priced(market: Market) -> dict[str, Any]:
    market.admin.create_product(PRODUCT, ["runs", "gb"], integration="mixed", prices={"runs": "0.05", "gb": "0.125"})
    return market.buyer()


def listed(market: Market, buyer: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = market.agreement.list_agreement_invoice_line_items(
        agreementId=buyer["agreementId"], groupBy="INVOICE_ID", **more
    )
    found: list[dict[str, Any]] = answer["agreementInvoiceLineItemGroupSummaries"]
    return found


def amounts(found: list[dict[str, Any]]) -> list[str]:
    return [entry["pricingCurrencyAmount"]["amount"] for entry in found]


def adjusted(market: Market, buyer: dict[str, Any], invoice: str, amount: str, token: str, **more: str) -> Any:
    entry = {
        "agreementId": buyer["agreementId"],
        "originalInvoiceId": invoice,
        "adjustmentAmount": amount,
        "currencyCode": "USD",
        "adjustmentReasonCode": "INCORRECT_METERING",
        "clientToken": token,
    }
    return market.agreement.batch_create_billing_adjustment_request(billingAdjustmentRequestEntries=[entry | more])


@rule("B01", without("invoices.invoice:issued_at", lambda month: 0.0))
def test_usage_is_invoiced_on_the_second(market: Market) -> None:
    buyer = priced(market)
    market.send(record(buyer))
    at(market, "2026-12-01T23:59:59+00:00")
    assert listed(market, buyer) == []
    at(market, "2026-12-02T00:00:00+00:00")
    (invoice,) = listed(market, buyer)
    assert invoice["invoiceBillingPeriod"] == {"month": 11, "year": 2026} and invoice["invoiceType"] == "INVOICE"


@rule("B02", without("invoices.invoice:month_of", lambda hour: "2026-12"))
def test_usage_is_invoiced_with_the_month_of_its_hour(market: Market) -> None:
    buyer = priced(market)
    market.send(record(buyer, QuantityAsDecimal="1.1"), record(buyer, dimension="gb", QuantityAsDecimal="0.1"))
    at(market, "2026-12-01T05:00:00+00:00")
    market.send(record(buyer, datetime.fromisoformat("2026-11-30T23:00:00+00:00"), Quantity=2))
    market.send(record(buyer, datetime.fromisoformat("2026-12-01T01:00:00+00:00"), Quantity=7))
    at(market, "2027-01-03T00:00:00+00:00")
    # 1.1 at 0.05, 0.1 at 0.125 and 2 at 0.05 are 0.1675 USD.
    assert amounts(listed(market, buyer)) == ["0.17", "0.35"]


@rule("B03", without("invoices.api:agreement", lambda state, name: next(iter(state.catalogue.buyers.values()))))
def test_an_unknown_agreement(market: Market) -> None:
    market.buyer()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        listed(market, {"agreementId": "agmt-other"})


def two_months(market: Market) -> dict[str, Any]:
    buyer = priced(market)
    market.send(record(buyer, Quantity=10))
    at(market, "2026-12-10T12:30:00+00:00")
    market.send(record(buyer, datetime.fromisoformat("2026-12-10T11:00:00+00:00"), Quantity=20))
    at(market, "2027-01-03T00:00:00+00:00")
    return buyer


@rule("B04", without("invoices.api:page_size", lambda body: 50))
def test_invoices_come_in_pages(market: Market) -> None:
    buyer = two_months(market)
    named = {"agreementId": buyer["agreementId"], "groupBy": "INVOICE_ID", "maxResults": 1}
    first = market.agreement.list_agreement_invoice_line_items(**named)
    second = market.agreement.list_agreement_invoice_line_items(**named, nextToken=first["nextToken"])
    assert "nextToken" not in second
    name = "agreementInvoiceLineItemGroupSummaries"
    assert amounts(first[name]) + amounts(second[name]) == ["0.50", "1.00"]
    assert not answer_violations("marketplace-agreement", "ListAgreementInvoiceLineItems", {name: []})


@rule("B05", without("invoices.api:matches", lambda invoice, body: True))
def test_filters_are_intersected(market: Market) -> None:
    buyer = two_months(market)
    (november,) = listed(market, buyer, invoiceBillingPeriod={"year": 2026, "month": 11})
    assert amounts([november]) == ["0.50"]
    assert amounts(listed(market, buyer, invoiceId=november["invoiceId"], invoiceType="INVOICE")) == ["0.50"]
    assert listed(market, buyer, invoiceType="CREDIT_MEMO") == []
    after = datetime.fromisoformat("2026-12-20T00:00:00+00:00")
    assert amounts(listed(market, buyer, afterIssuedTime=after)) == ["1.00"]
    assert amounts(listed(market, buyer, beforeIssuedTime=after)) == ["0.50"]


def _always_new(state: Any, entry: dict[str, str]) -> dict[str, str]:
    made = state.adjustments.make(entry, state.now())
    return {"billingAdjustmentRequestId": made.id, "clientToken": entry["clientToken"]}


@rule("B06", without("invoices.api:_adjust", _always_new))
def test_a_token_makes_one_adjustment(market: Market) -> None:
    buyer = two_months(market)
    invoice = listed(market, buyer)[0]["invoiceId"]
    first = adjusted(market, buyer, invoice, "0.20", "token-1")["items"]
    assert adjusted(market, buyer, invoice, "0.20", "token-1")["items"] == first
    assert adjusted(market, buyer, invoice, "0.30", "token-1")["errors"][0]["code"] == "CONFLICT_EXCEPTION"
    assert amounts(listed(market, buyer, invoiceType="CREDIT_MEMO")) == ["-0.20"]


@rule("B07", without("invoices.api:problem_of", lambda state, entry: None))
def test_no_more_is_refunded_than_was_billed(market: Market) -> None:
    buyer = two_months(market)
    invoice = listed(market, buyer)[0]["invoiceId"]
    assert len(adjusted(market, buyer, invoice, "0.40", "token-1")["items"]) == 1
    assert adjusted(market, buyer, invoice, "0.11", "token-2")["errors"][0]["code"] == "VALIDATION_EXCEPTION"
    wrong = adjusted(market, buyer, invoice, "0.05", "token-3", currencyCode="EUR")
    assert wrong["errors"][0]["code"] == "VALIDATION_EXCEPTION"
    wrong = adjusted(market, buyer, "none", "0.05", "token-4")
    assert wrong["errors"][0]["code"] == "RESOURCE_NOT_FOUND_EXCEPTION"
    assert len(adjusted(market, buyer, invoice, "0.10", "token-5")["items"]) == 1


@rule("B08", without("invoices.adjustments:Adjustments.of_invoice", lambda adjustments, invoice_id: []))
def test_an_adjustment_is_a_credit_memo(market: Market) -> None:
    buyer = two_months(market)
    adjusted(market, buyer, listed(market, buyer)[0]["invoiceId"], "0.2", "token-1")
    (memo,) = listed(market, buyer, invoiceType="CREDIT_MEMO")
    assert Decimal(memo["pricingCurrencyAmount"]["amount"]) == Decimal("-0.2")
    assert memo["invoiceBillingPeriod"] == {"month": 11, "year": 2026}


def rows(market: Market, feed: str = "DailyUsageFeed") -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for key, text in sorted(market.admin.feeds().items()):
        if key.startswith(feed):
            found += list(csv.DictReader(io.StringIO(text)))
    return found


def _by_record(state: Any) -> dict[tuple[str, str, str, str], Decimal]:
    return {(line.buyer, line.dimension, line.hour[:10], str(line.seq)): Decimal(1) for line in state.log.accepted}


@rule("U01", without("invoices.data_feeds:usage_by_day", _by_record))
def test_a_row_has_the_usage_of_a_day(market: Market) -> None:
    buyer = market.buyer()
    market.send(record(buyer), record(buyer, HOUR.replace(hour=10), Quantity=2), record(buyer, dimension="gb"))
    at(market, "2026-11-16T12:00:00+00:00")
    shown = {(row["dimension_key"], row["usage_date"]): row["usage_quantity"] for row in rows(market)}
    assert shown == {("runs", "2026-11-15"): "7.00", ("gb", "2026-11-15"): "5.00"}
    assert {row["agreement_id"] for row in rows(market)} == {buyer["agreementId"]}


@rule("U02", without("invoices.data_feeds:shown_units", lambda units: units))
def test_two_decimals(market: Market) -> None:
    market.send(record(market.buyer(), QuantityAsDecimal="1.005"))
    at(market, "2026-11-16T12:00:00+00:00")
    assert [row["usage_quantity"] for row in rows(market)] == ["1.01"]


@rule("U03", without("invoices.data_feeds:key_of", lambda feed, inserted: f"{feed}_V1/data.csv"))
def test_a_file_a_month(market: Market) -> None:
    at(market, "2026-11-30T12:30:00+00:00")
    buyer = market.buyer()
    for day in (29, 30):
        market.send(
            record(buyer, datetime.fromisoformat(f"2026-11-{day}T12:59:00+00:00").replace(hour=11 + 10 * (day < 30)))
        )
    at(market, "2026-12-02T12:00:00+00:00")
    keys = {key for key in market.admin.feeds() if key.startswith("DailyUsageFeed")}
    assert keys == {f"DailyUsageFeed_V1/year=2026/month={month}/data.csv" for month in (11, 12)}


@rule("U04", without("invoices.data_feeds:inserted_at", lambda day: 0.0))
def test_a_day_is_shown_on_the_next(market: Market) -> None:
    market.send(record(market.buyer()))
    at(market, "2026-11-16T07:59:59+00:00")
    assert rows(market) == []
    at(market, "2026-11-16T08:00:00+00:00")
    assert len(rows(market)) == 1


@rule("U05", without("invoices.data_feeds:account_guid", lambda buyer: buyer.account_id))
def test_accounts_have_identifiers_of_their_own(market: Market) -> None:
    buyer = market.buyer("legacy")
    market.send(record(buyer))
    at(market, "2026-11-16T12:00:00+00:00")
    (row,) = rows(market)
    assert row["end_user_account_id"] != buyer["accountId"]
    (account,) = [each for each in rows(market, "AccountFeed") if each["account_id"] == row["end_user_account_id"]]
    assert (account["aws_account_id"], account["encrypted_account_id"]) == (buyer["accountId"], buyer["id"])


def test_the_books_can_be_misstated(market: Market) -> None:
    buyer = priced(market)
    market.send(record(buyer, Quantity=10))
    market.admin.misstate("feed", buyer["id"], "2026-11-15", dimension="runs", amount="4")
    market.admin.misstate("invoice", buyer["id"], "2026-11", until="2026-12-05T00:00:00Z")
    at(market, "2026-12-03T00:00:00+00:00")
    assert [row["usage_quantity"] for row in rows(market)] == ["4.00"] and listed(market, buyer) == []
    at(market, "2026-12-05T00:00:00+00:00")
    assert amounts(listed(market, buyer)) == ["0.50"]
    for wrong in ({"of": "bill"}, {"amount": "x"}, {"colour": "red"}):
        with pytest.raises((AdminRefused, AdminError), match=r"misstatement|amount"):
            market.admin.misstate(**({"of": "feed", "buyer": buyer["id"], "period": "2026-11-15"} | wrong))


def test_feeds_are_delivered_into_a_bucket(market: Market) -> None:
    market.send(record(market.buyer()))
    at(market, "2026-11-16T12:00:00+00:00")
    put: dict[str, bytes] = {}

    class Bucket:
        def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:
            put[f"{Bucket}/{Key}"] = Body

    market.admin.deliver_feeds(Bucket(), "seller", "feeds/")
    assert set(put) == {
        "seller/feeds/AccountFeed_V1/year=2026/month=11/data.csv",
        "seller/feeds/DailyUsageFeed_V1/year=2026/month=11/data.csv",
    }
