"""Conditional writes, alone or in one DynamoDB transaction, and what their failure means.

``TransactWriteItems`` fails as a whole with one reason per operation, in their order (DynamoDB API reference,
``CancellationReason``). Callers read the reasons; contention is no fault of the data and has its own exception.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BrokenConnection

from ledger.attribute_values import from_attributes
from runtime.pause import Pause, full_jitter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.service_resource import Table

#: TransactWriteItems takes at most this many operations (DynamoDB quotas).
MAX_OPERATIONS = 100
#: How often a single update that met a transaction is tried.
ATTEMPTS = 12

#: Reasons that are no fault of the request (API reference, ``TransactionCanceledException``).
_NO_REASON = {None, "None"}
_CONDITION = "ConditionalCheckFailed"
_CONTENTION = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_CONTENDED_ERRORS = {
    "TransactionInProgressException",
    "TransactionConflictException",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
}

#: DynamoDB's own faults, after which a caller asks again (developer guide, "Error handling with DynamoDB").
_ITS_OWN_FAULTS = {
    "InternalServerError",
    "InternalServerErrorException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
}

Operation = dict[str, dict[str, Any]]


class Reason(NamedTuple):
    """Why an operation failed. failed: whether its condition did. item: what is stored under its key, if asked for."""

    failed: bool
    item: Mapping[str, Any] | None = None


class Cancelled(Exception):
    """Nothing was written: at least one condition failed. ``reasons`` has one entry per operation."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__("a condition of the transaction failed")
        self.reasons = reasons


class Contended(Exception):
    """Nothing was written: another transaction was in the way, or DynamoDB throttled. Try again after a while."""


def is_unavailable(error: BaseException) -> bool:
    """Whether an error says that DynamoDB cannot answer now (throttled, its own fault, not reached), and not that the
    request is wrong. The write may have been done."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in _CONTENDED_ERRORS | _ITS_OWN_FAULTS
    return isinstance(error, Contended | HTTPClientError | BrokenConnection)


def write(client: "DynamoDBClient", operations: Sequence[Operation]) -> None:
    """Write all or nothing. client: a resource's, which takes Python values. Raises Cancelled or Contended.

    Any other reason (a validation error, a collection that is too large, one that we do not know) would come again, so
    DynamoDB's own error is raised, even if a condition failed as well.
    """
    try:
        client.transact_write_items(TransactItems=list(operations))  # type: ignore[arg-type]  # built by the stores
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _CONTENDED_ERRORS:
            raise Contended(code) from error
        if code != "TransactionCanceledException":
            raise
        raw: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons", ())
        codes = {entry.get("Code") for entry in raw} - _NO_REASON
        if codes - {_CONDITION} - _CONTENTION:
            raise
        if _CONDITION in codes:
            raise Cancelled([_reason(entry) for entry in raw]) from error
        if codes:
            raise Contended(", ".join(sorted(map(str, codes)))) from error
        raise


def write_one(table: "Table", operation: Operation) -> None:
    """Write a single Update operation without a transaction, which costs twice. Raises Cancelled or Contended."""
    request = {name: value for name, value in operation["Update"].items() if name != "TableName"}
    if update(table, **request) is None:
        raise Cancelled([Reason(failed=True)])


def update(table: "Table", pause: Pause = full_jitter, **request: Any) -> Mapping[str, Any] | None:
    """One conditional UpdateItem. Returns the item after it, or None where the condition did not hold.

    A transaction on the same item makes it fail for the moment (``TransactionConflictException``); it is then repeated.
    Raises Contended if every one of ``ATTEMPTS`` met contention, and DynamoDB's other errors at once.
    """
    for attempt in range(ATTEMPTS):
        try:
            return table.update_item(ReturnValues="ALL_NEW", **request)["Attributes"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                return None
            if code not in _CONTENDED_ERRORS:
                raise
            if attempt == ATTEMPTS - 1:
                raise Contended(code) from error
            pause(attempt)
    raise AssertionError("unreachable")


def _reason(entry: Mapping[str, Any]) -> Reason:
    item = entry.get("Item")
    return Reason(entry.get("Code") == _CONDITION, from_attributes(item) if item else None)
