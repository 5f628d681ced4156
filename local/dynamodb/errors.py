"""DynamoDB's errors in botocore's shape, for the store and for simulations of trouble around it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from botocore.exceptions import ClientError


class ConditionalCheckFailed(ClientError):
    """``ConditionalCheckFailedException``."""


class TransactionCanceled(ClientError):
    """``TransactionCanceledException``; ``response["CancellationReasons"]`` has one entry per operation."""


class Invalid(ClientError):
    """``ValidationException``, a mistake in the request. ``watch`` receives each."""

    watch: ClassVar[Callable[[str], None] | None] = None

    def __init__(self, error_response: Any, operation_name: str) -> None:
        super().__init__(error_response, operation_name)
        if Invalid.watch is not None:
            Invalid.watch(str(self))


class ResourceNotFound(ClientError):
    """``ResourceNotFoundException``."""


_CLASSES = {
    "ConditionalCheckFailedException": ConditionalCheckFailed,
    "TransactionCanceledException": TransactionCanceled,
    "ValidationException": Invalid,
    "ResourceNotFoundException": ResourceNotFound,
}


class Refused(Exception):
    """Refuses one write by a code of ``CancellationReason`` and its message. ``item``: in DynamoDB JSON."""

    def __init__(self, code: str, message: str, item: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.item = code, message, item


def client_error(code: str, message: str, operation: str, *, status: int = 400, **more: Any) -> ClientError:
    """An error in botocore's form. ``more``: further members of the response."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 0},
        "message": message,
        **more,
    }
    return _CLASSES.get(code, ClientError)(response, operation)


def invalid(message: str, operation: str = "") -> ClientError:
    """A ValidationException, for the caller to raise."""
    return client_error("ValidationException", message, operation)


def throttled(operation: str) -> ClientError:
    """An operation that exceeded the table's throughput."""
    message = "The level of configured provisioned throughput for the table was exceeded."
    return client_error("ProvisionedThroughputExceededException", message, operation)


def conflict(operation: str = "UpdateItem") -> ClientError:
    """A single write that met a transaction on the same item."""
    return client_error("TransactionConflictException", "Transaction is ongoing for the item", operation)


def cancelled(reasons: Sequence[Mapping[str, Any]]) -> ClientError:
    """A cancelled transaction; ``{"Code": "None"}`` is the reason of an operation that did not cause it."""
    codes = ", ".join(str(reason["Code"]) for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return client_error(
        "TransactionCanceledException", message, "TransactWriteItems", CancellationReasons=[dict(r) for r in reasons]
    )


def cancelled_by_conflict(operations: int, at: int = 0) -> ClientError:
    """A transaction of so many operations, of which number ``at`` met another transaction."""
    reasons = [{"Code": "None"}] * operations
    reasons[at] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return cancelled(reasons)
