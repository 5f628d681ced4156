"""What may break at an effect, and what its caller sees of that.

crash_before, crash_after: the process dies. lost: done, but no answer came (a timeout, after all of the SDK's own
retries). unreachable: not done, and the caller cannot know. failed_before, failed_after: the same two with a 500 for an
answer. twice: the answer got lost and the SDK asked again (not at Marketplace, where its retries are off; a transaction
carries a token by which DynamoDB knows its repetition). throttled, conflict: answered, not done. stale: an eventually
consistent read, or an index, shows an earlier state. partial: a batch or a page comes back in part. The others are
Marketplace's own, see ``tests.simulation.marketplace``. no_answer, session_lost: what an engine's log does instead of
answering.
"""

from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import ClientError, ReadTimeoutError

_READ = ("crash_before", "unreachable", "throttled")
_WRITE = (
    "crash_before",
    "crash_after",
    "lost",
    "unreachable",
    "throttled",
    "conflict",
    "failed_before",
    "failed_after",
)
_CALL = ("crash_before", "crash_after", "lost", "unreachable", "throttled")
#: What may strike at an effect, by its point.
AT: dict[str, tuple[str, ...]] = {
    "GetItem": _READ,
    "GetItemEventually": (*_READ, "stale"),
    "Query": (*_READ, "partial"),
    "QueryEventually": (*_READ, "partial", "stale"),
    "IndexQuery": (*_READ, "stale", "partial", "lagging"),
    "BatchGetItem": (*_READ, "partial"),
    "PutItem": _WRITE,
    "UpdateItem": (*_WRITE, "twice"),
    "TransactWriteItems": _WRITE,
    "BatchMeterUsage": (
        *_CALL,
        "failed_before",
        "failed_after",
        "unprocessed",
        "shuffled",
        "omitted",
        "unknown_status",
    ),
    "GetEntitlements": ("crash_before", "unreachable", "throttled", "failed_before"),
    "StartExecution": _CALL,
    "ListExecutions": ("crash_before", "unreachable", "throttled"),
    "DeleteItem": _WRITE,
    # The engine's log answers over HTTP, or not; its session may be over.
    "EngineLog": ("crash_before", "no_answer", "session_lost"),
    "SendMessage": _CALL,
    "ReceiveMessage": ("crash_before", "crash_after", "unreachable"),
    "DeleteMessage": ("crash_before", "crash_after", "lost", "unreachable"),
    "Pause": ("crash_before",),
    # A state machine that waits: nothing can happen to it.
    "Wait": (),
    "start": (),
}

#: Faults that the party itself answers with, see its ``faulty``.
_ANSWERED = frozenset(
    {"stale", "partial", "lagging", "unprocessed", "shuffled", "omitted", "unknown_status", "no_answer", "session_lost"}
)
_FAILED = {
    "BatchMeterUsage": "InternalServiceErrorException",
    "GetEntitlements": "InternalServiceErrorException",
}


class Crash(BaseException):
    """The process is gone: no ``except Exception`` of the code may see it."""


class Answers(Protocol):
    """What a faulty party answers."""

    def faulty(self, fault: str) -> Any: ...


def strike(fault: str, point: str, effect: Callable[[], Any], answers: Answers | None) -> Any:
    """Do an effect with a fault. One that makes no sense at this point does the effect as if nothing was."""
    if fault == "crash_before":
        raise Crash
    if fault == "unreachable":
        raise ReadTimeoutError(endpoint_url="simulated")
    if fault in ("throttled", "conflict") and point in AT:
        raise refused(fault, point)
    if fault == "failed_before":
        raise client_error(_FAILED.get(point, "InternalServerError"), 500, point)
    if fault in _ANSWERED:
        return effect() if answers is None else answers.faulty(fault)
    answer = effect()
    if fault == "crash_after":
        raise Crash
    if fault == "lost":
        raise ReadTimeoutError(endpoint_url="simulated")
    if fault == "failed_after":
        raise client_error(_FAILED.get(point, "InternalServerError"), 500, point)
    return effect() if fault == "twice" and point == "UpdateItem" else answer


def refused(fault: str, point: str) -> ClientError:
    """Throttling, or another transaction in the way, as this operation says it."""
    if point in ("BatchMeterUsage", "GetEntitlements", "StartExecution", "ListExecutions", "SendMessage"):
        return client_error("ThrottlingException", 400, point)
    if point == "TransactWriteItems":
        error = client_error("TransactionCanceledException", 400, point)
        code = "ThrottlingError" if fault == "throttled" else "TransactionConflict"
        error.response["CancellationReasons"] = [{"Code": code}]
        return error
    if fault == "conflict":
        return client_error("TransactionConflictException", 400, point)
    return client_error("ProvisionedThroughputExceededException", 400, point)


def client_error(code: str, status: int, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "simulated"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)
