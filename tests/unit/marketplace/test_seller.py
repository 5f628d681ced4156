"""Calls with the role of the account that published the product: botocore's own assuming, against answers of STS."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from marketplace.client import MarketplaceClient
from marketplace.faults import SellerRoleUnanswered, classify
from marketplace.meter_usage import UsageMeter
from marketplace.seller import Seller
from runtime import aws
from tests.security_tokens import given, refused, security_tokens, silent

ROLE = Seller("arn:aws:iam::999988887777:role/marketplace/Metering", "yawl-metering:prod")


class Sent(Exception):
    """A request would have left; the test looks at it."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__()
        self.headers = {name: _text(value) for name, value in request.headers.items()}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    raise Sent(request)


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Region, and a session that nobody's earlier test has filled with credentials."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    # moto, while another test's tables live, has keys of its own in the environment
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    aws.session.cache_clear()
    yield
    aws.session.cache_clear()


def signed_with(client: Any, operation: str, **parameters: Any) -> tuple[str, str | None]:
    """Access key and session token of a call."""
    client.meta.events.register("before-send", _send)
    with pytest.raises(Sent) as sent:
        getattr(client, operation)(**parameters)
    headers = sent.value.headers
    return headers["Authorization"].split("Credential=")[1].split("/")[0], headers.get("X-Amz-Security-Token")


def batch(client: Any) -> tuple[str, str | None]:
    return signed_with(client, "batch_meter_usage", UsageRecords=[], ProductCode="p")


def test_a_product_of_our_own_account_is_called_as_ourselves() -> None:
    with security_tokens(given()) as tokens:
        assert batch(UsageMeter.connect("us-east-1")._client) == ("testing", None)
    assert tokens.asked == []


def test_every_call_is_made_with_the_sellers_role_which_is_assumed_once() -> None:
    with security_tokens(given()) as tokens:
        client = MarketplaceClient.connect("eu-central-1", seller=ROLE)
        meter = UsageMeter.connect("eu-central-1", ROLE)
        assert tokens.asked == [], "a cold start calls nothing"
        signed = [
            signed_with(client.metering, "resolve_customer", RegistrationToken="t"),
            signed_with(client.entitlement, "get_entitlements", ProductCode="p"),
            batch(meter._client),
        ]
    assert signed == [("ASIA1", "token-of-ASIA1")] * 3
    ((url, asked),) = tokens.asked
    # of the functions' own Region: the global endpoint is us-east-1's, and another Region's fault
    assert url == "https://sts.eu-central-1.amazonaws.com/"
    assert (asked["RoleArn"], asked["ExternalId"], asked["RoleSessionName"]) == (*ROLE, "yawl-metering")


def test_credentials_are_renewed_before_they_end() -> None:
    with security_tokens(given(seconds=9 * 60)) as tokens:
        client = UsageMeter.connect("us-east-1", ROLE)._client
        assert [batch(client)[0], batch(client)[0]] == ["ASIA1", "ASIA2"]
        tokens.answer = given(seconds=3600)
        assert [batch(client)[0], batch(client)[0]] == ["ASIA3", "ASIA3"]


def test_a_renewal_that_fails_early_leaves_the_credentials_that_are_good() -> None:
    with security_tokens(given(seconds=14 * 60)) as tokens:
        client = UsageMeter.connect("us-east-1", ROLE)._client
        assert batch(client)[0] == "ASIA1"
        tokens.answer = refused("Throttling", 400)
        assert batch(client)[0] == "ASIA1"
    assert len(tokens.asked) == 2


@pytest.mark.parametrize(
    ("code", "status", "scope"),
    [
        # the trust policy, the external id or our own right: nothing can be sent until somebody mends it
        ("AccessDenied", 403, "product"),
        ("RegionDisabledException", 403, "product"),
        ("ValidationError", 400, "product"),
        ("ExpiredTokenException", 400, "product"),
        ("BrandNewException", 400, "product"),
        ("Throttling", 400, "transient"),
        ("ThrottlingException", 400, "transient"),
        ("InternalFailure", 500, "transient"),
        ("ServiceUnavailable", 503, "transient"),
    ],
)
def test_what_sts_answers_says_nothing_of_a_record_and_nothing_was_done(code: str, status: int, scope: str) -> None:
    with security_tokens(refused(code, status)):
        client: Any = UsageMeter.connect("us-east-1", ROLE)._client
        client.meta.events.register("before-send", _send)
        with pytest.raises(ClientError) as failed:
            client.batch_meter_usage(UsageRecords=[], ProductCode="p")
    fault = classify(failed.value)
    assert (fault.scope, fault.code) == (scope, code)
    assert fault.answered


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="https://sts"),
        ReadTimeoutError(endpoint_url="https://sts"),
        EndpointConnectionError(endpoint_url="https://sts"),
    ],
)
def test_a_silent_sts_is_no_unanswered_metering(error: Exception) -> None:
    """The line was not sent: an attempt must not stay on it as one that may have been billed."""
    with security_tokens(silent(error)):
        client: Any = UsageMeter.connect("us-east-1", ROLE)._client
        client.meta.events.register("before-send", _send)
        with pytest.raises(SellerRoleUnanswered) as failed:
            client.batch_meter_usage(UsageRecords=[], ProductCode="p")
    fault = classify(failed.value)
    assert (fault.scope, fault.answered) == ("transient", True)
