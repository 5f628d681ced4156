"""Every error of AWS has a meaning, and the meaning says whether anything may have been done."""

import socket

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.loaders import Loader

from marketplace.faults import MODELLED, classify


def answer(code: str, status: int = 400, operation: str = "BatchMeterUsage", message: str = "") -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)  # type: ignore[arg-type]


@pytest.mark.parametrize("service", ["meteringmarketplace", "marketplace-entitlement"])
def test_every_error_of_the_service_models_is_mapped(service: str) -> None:
    shapes = Loader().load_service_model(service, "service-2")["shapes"]
    errors = {name for name, shape in shapes.items() if shape.get("exception")}
    assert errors
    assert errors - set(MODELLED) == set()


def test_nothing_is_mapped_that_no_model_has() -> None:
    modelled = {
        name
        for service in ("meteringmarketplace", "marketplace-entitlement")
        for name, shape in Loader().load_service_model(service, "service-2")["shapes"].items()
        if shape.get("exception")
    }
    assert set(MODELLED) - modelled == set()


@pytest.mark.parametrize(
    ("code", "status", "scope"),
    [
        ("AccessDeniedException", 400, "product"),
        ("AccessDenied", 403, "product"),
        ("InvalidProductCodeException", 400, "product"),
        ("DisabledApiException", 400, "product"),
        ("UnrecognizedClientException", 400, "product"),
        ("ExpiredTokenException", 400, "product"),
        ("InvalidSignatureException", 400, "product"),
        ("InvalidUsageDimensionException", 400, "record"),
        ("InvalidTagException", 400, "record"),
        ("InvalidUsageAllocationsException", 400, "record"),
        ("InvalidCustomerIdentifierException", 400, "record"),
        ("TimestampOutOfBoundsException", 400, "record"),
        ("InvalidLicenseException", 400, "record"),
        ("ValidationException", 400, "record"),
        ("InvalidParameterException", 400, "record"),
        ("ThrottlingException", 400, "transient"),
        ("TooManyRequestsException", 429, "transient"),
        ("SlowDown", 503, "transient"),
        ("InternalServiceErrorException", 500, "unanswered"),
        ("ServiceUnavailableException", 503, "unanswered"),
        ("InternalFailure", 500, "unanswered"),
        ("InvalidUsageDimensionException", 502, "unanswered"),
    ],
)
def test_scopes_of_a_metering_call(code: str, status: int, scope: str) -> None:
    fault = classify(answer(code, status))
    assert (fault.scope, fault.code, fault.known) == (scope, code, True)


@pytest.mark.parametrize(
    ("status", "scope"), [(400, "record"), (403, "product"), (401, "product"), (504, "unanswered")]
)
def test_an_error_of_tomorrow_is_judged_by_its_status_and_named_unknown(status: int, scope: str) -> None:
    fault = classify(answer("BrandNewException", status))
    assert (fault.scope, fault.known) == (scope, False)


def test_an_expired_token_is_the_buyers_in_resolve_customer_and_ours_elsewhere() -> None:
    said = "The security token included in the request is expired"
    assert (
        classify(answer("ExpiredTokenException", operation="ResolveCustomer", message="Token expired")).scope
        == "request"
    )
    assert classify(answer("ExpiredTokenException", operation="ResolveCustomer", message=said)).scope == "product"
    assert classify(answer("ExpiredTokenException", operation="GetEntitlements", message=said)).scope == "product"


@pytest.mark.parametrize(
    ("error", "scope"),
    [
        (ReadTimeoutError(endpoint_url="https://x"), "unanswered"),
        (ConnectTimeoutError(endpoint_url="https://x"), "unanswered"),
        (EndpointConnectionError(endpoint_url="https://x"), "unanswered"),
        (NoCredentialsError(), "product"),
        (ParamValidationError(report="Timestamp"), "record"),
    ],
)
def test_errors_without_an_answer_of_aws(error: Exception, scope: str) -> None:
    assert classify(error).scope == scope


def test_only_an_answer_says_that_nothing_was_done() -> None:
    assert classify(answer("ThrottlingException")).answered
    assert classify(answer("ThrottlingException")).retryable
    assert not classify(answer("InternalServiceErrorException", 500)).answered
    assert not classify(answer("InvalidLicenseException")).retryable


def test_a_bug_is_not_a_fault() -> None:
    with pytest.raises(TypeError):
        classify(socket.gaierror())
