"""What goes over HTTP besides the rules: boto3's protocol, limits of the server."""

import http.client
import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.marketplace_local.market import Market, record


@pytest.mark.parametrize("service", ["metering", "entitlement"])
def test_boto3_sends_json_to_both_services(market: Market, service: str) -> None:
    """The entitlement model lists smithy-rpc-v2-cbor first, boto3 still resolves json: so there is no CBOR here."""
    model = getattr(market, service).meta.service_model
    assert model.resolved_protocol == "json"
    assert model.metadata["jsonVersion"] == "1.1"


def test_an_answer_has_the_id_by_which_the_log_of_calls_names_it(market: Market) -> None:
    """``requestID`` (CloudTrail user guide, "CloudTrail record contents"); the header is AWS's own."""
    buyer = market.buyer()
    answers = []
    for quantity in (1, 2):
        answered = market.metering.batch_meter_usage(UsageRecords=[record(buyer, Quantity=quantity)])
        answers.append(answered["ResponseMetadata"]["RequestId"])
    with pytest.raises(ClientError) as refused:
        market.metering.batch_meter_usage(UsageRecords=[record(buyer, dimension="unknown")])
    answers.append(refused.value.response["ResponseMetadata"]["RequestId"])
    market.clock.moment += timedelta(hours=1)
    events = market.trail_in().lookup_events()["Events"]
    named = [json.loads(event["CloudTrailEvent"])["requestID"] for event in events]
    assert named[::-1] == answers
    assert len(set(answers)) == 3


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
