"""What goes over the wire: protocol, signing, errors, limits of the server."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.local.marketplace.market import PRODUCT, Market, record

SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20261115/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"


def post(market: Market, body: Any, **headers: str) -> tuple[int, dict[str, Any], str | None]:
    """Status, body and x-amzn-errortype of a request made by hand; signed for aws-marketplace unless said otherwise."""
    connection = http.client.HTTPConnection(urlsplit(market.server.url).netloc, timeout=10)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {
        "Authorization": SIGNED.format(service="aws-marketplace"),
        "X-Amz-Target": "AWSMPMeteringService.BatchMeterUsage",
    }
    connection.request("POST", "/", raw, sent | {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found, answer.getheader("x-amzn-errortype")


@pytest.mark.parametrize("service", ["metering", "entitlement"])
def test_boto3_sends_json_to_both_services(market: Market, service: str) -> None:
    """The entitlement model lists smithy-rpc-v2-cbor first, boto3 still resolves json: so there is no CBOR here."""
    model = getattr(market, service).meta.service_model
    assert model.resolved_protocol == "json"
    assert model.metadata["jsonVersion"] == "1.1"


def test_an_unsigned_request_is_refused(market: Market) -> None:
    status, body, kind = post(market, {"UsageRecords": []}, Authorization="")
    assert (status, body["__type"], kind) == (403, "MissingAuthenticationTokenException", body["__type"])


def test_a_request_signed_for_another_service_is_refused(market: Market) -> None:
    """botocore model, metadata: signing name aws-marketplace."""
    status, body, _ = post(market, {"UsageRecords": []}, Authorization=SIGNED.format(service="dynamodb"))
    assert (status, body["__type"]) == (403, "InvalidSignatureException")
    assert "aws-marketplace" in body["message"]


def test_an_operation_that_is_not_answered_here(market: Market) -> None:
    status, body, _ = post(market, {}, X_Amz_Target="AWSMPMeteringService.MeterUsage")
    assert (status, body["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"UsageRecords": {}}',
        b'{"UsageRecords": [{"Timestamp": "yesterday", "Dimension": "runs"}]}',
        b'{"UsageRecords": [{"Timestamp": NaN, "Dimension": "runs"}]}',
        b'{"UsageRecords": [{"Timestamp": true, "Dimension": "runs"}]}',
        b'{"UsageRecords": [{"Timestamp": 1, "Dimension": "runs", "Quantity": 1.5}]}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_of_the_right_types(market: Market, body: bytes) -> None:
    status, found, kind = post(market, body)
    assert (status, found["__type"], kind) == (400, "SerializationException", "SerializationException")


def test_required_members(market: Market) -> None:
    """botocore model, UsageRecord: Timestamp and Dimension are required, null is absent."""
    status, found, _ = post(market, {"UsageRecords": [{"Timestamp": 1763200000, "Dimension": None}]})
    assert (status, found["__type"]) == (400, "ValidationException")
    assert "UsageRecords.1.member.Dimension" in found["message"]


@pytest.mark.parametrize("timestamp", [1e308, -1e308, 10**400])
def test_absurd_timestamps(market: Market, timestamp: float) -> None:
    buyer = market.buyer()
    status, found, _ = post(market, {"UsageRecords": [record(buyer) | {"Timestamp": timestamp}]})
    assert (status, found["__type"]) == (400, "SerializationException")


def test_a_metering_region_that_does_not_exist(market: Market) -> None:
    """botocore model, DisabledApiException: "disabled in the Region"."""
    authorization = SIGNED.format(service="aws-marketplace").replace("us-east-1", "ca-west-1")
    assert post(market, {"UsageRecords": []}, Authorization=authorization)[1]["__type"] == "DisabledApiException"


def test_a_huge_body_is_not_read(market: Market) -> None:
    connection = http.client.HTTPConnection(urlsplit(market.server.url).netloc, timeout=10)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_connection_is_kept_and_one_bad_request_does_not_end_it(market: Market) -> None:
    connection = http.client.HTTPConnection(urlsplit(market.server.url).netloc, timeout=10)
    for path, expected in (("/_local/health", 200), ("/_local/nothing", 404), ("/_local/health", 200)):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.will_close) == (expected, False)
    connection.close()


def test_the_answer_echoes_the_record(market: Market) -> None:
    """botocore model, UsageRecordResult.UsageRecord."""
    sent = record(market.buyer(), QuantityAsDecimal="1.50")
    (result,) = market.send(sent)["Results"]
    assert result["UsageRecord"] == sent


def test_the_page_is_escaped(market: Market) -> None:
    market.admin.create_product("<script>alert(1)</script>", ["runs"])
    market.admin.create_buyer("<script>alert(1)</script>")
    market.send(record(market.buyer()))
    connection = http.client.HTTPConnection(urlsplit(market.server.url).netloc, timeout=10)
    connection.request("GET", "/")
    page = connection.getresponse().read().decode()
    connection.close()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "2026-11-15T11:00:00Z" in page
    assert PRODUCT in page
