"""Which errors say that DynamoDB cannot just now; the model of the service says which it has."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.session import get_session

from ledger.transaction import Contended, is_unavailable

OPERATIONS = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "TransactWriteItems")
#: errors of the model that are to be asked again (developer guide, "Error handling with DynamoDB": "OK to retry? Yes")
AGAIN = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}


def modelled() -> set[str]:
    model = get_session().get_service_model("dynamodb")
    return {shape.name for name in OPERATIONS for shape in model.operation_model(name).error_shapes}


def error(code: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, "GetItem")


def test_of_the_models_errors_those_that_are_to_be_asked_again() -> None:
    assert {code for code in modelled() if is_unavailable(error(code))} == AGAIN & modelled()
    assert len(AGAIN & modelled()) >= 5


@pytest.mark.parametrize("code", ["ServiceUnavailable", "ServiceUnavailableException", *sorted(AGAIN)])
def test_its_own_faults_and_throttling(code: str) -> None:
    assert is_unavailable(error(code))


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"])
def test_a_wrong_request_is_not_mended_by_asking_again(code: str) -> None:
    assert not is_unavailable(error(code))


def test_who_cannot_be_reached_is_unavailable_and_a_bug_is_not() -> None:
    assert is_unavailable(EndpointConnectionError(endpoint_url="x"))
    assert is_unavailable(ReadTimeoutError(endpoint_url="x"))
    assert is_unavailable(Contended("x"))
    assert not is_unavailable(KeyError("x"))
