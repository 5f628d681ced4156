"""What goes over HTTP besides the rules: boto3's protocol, limits of the server."""

import http.client
from urllib.parse import urlsplit

import pytest

from tests.marketplace_local.market import Market


@pytest.mark.parametrize("service", ["metering", "entitlement"])
def test_boto3_sends_json_to_both_services(market: Market, service: str) -> None:
    """The entitlement model lists smithy-rpc-v2-cbor first, boto3 still resolves json: so there is no CBOR here."""
    model = getattr(market, service).meta.service_model
    assert model.resolved_protocol == "json"
    assert model.metadata["jsonVersion"] == "1.1"


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
