"""Faults on demand, used up by the next requests that they match.

============  ==========================================================================================================
kind          effect
============  ==========================================================================================================
throttle      nothing is done; ProvisionedThroughputExceededException. A transaction is cancelled with that reason on
              its first operation, as on AWS
conflict      nothing is done; a write meets another transaction: TransactionConflictException. A transaction is
              cancelled with the reason TransactionConflict on its first operation
server-error  nothing is done; InternalServerError (500)
unreachable   nothing is done; the connection is closed
lost-answer   all the work is done, then the connection is closed without an answer
late-error    all the work is done, then the answer is InternalServerError (500)
slow          the request waits for ``seconds``, or until the fault is disarmed, before it is passed on; not at all if
              its sender has gone meanwhile
============  ==========================================================================================================

Source of the errors: the DynamoDB API reference, "Common errors" and ``CancellationReason``. ``operation``, ``table``
and ``containing`` (a text of the request's body, for example a customer) narrow a fault. ``after``: so many matching
requests pass first. ``times``: it is gone after so many; with None it stays until it is disarmed.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.fault_proxy.request import Request, error

KINDS = ("throttle", "conflict", "server-error", "unreachable", "lost-answer", "late-error", "slow")
#: kinds of which the work is done all the same
WORK_IS_DONE = ("lost-answer", "late-error", "slow")
#: operations that a transaction may stand in the way of (API reference, TransactionConflictException)
CONFLICTING = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


@dataclass
class Fault:
    """One armed fault; fields as above. ``met``: how many requests it has touched."""

    kind: str
    operation: str = ""
    table: str = ""
    containing: str = ""
    after: int = 0
    times: int | None = 1
    seconds: float = 60.0
    met: int = 0
    disarmed: threading.Event = field(default_factory=threading.Event, repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError if it is none of the table."""
        if self.kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(KINDS)}, not {self.kind}")
        if self.kind == "conflict" and self.operation and self.operation not in CONFLICTING:
            raise ValueError(f"a transaction stands in the way of {', '.join(CONFLICTING)}, not of {self.operation}")
        if self.after < 0 or (self.times is not None and self.times < 1):
            raise ValueError("after is a number from 0, times one from 1")

    def matches(self, request: Request) -> bool:
        if self.kind == "conflict" and request.operation not in CONFLICTING:
            return False
        return (
            (not self.operation or self.operation == request.operation)
            and (not self.table or self.table in request.tables)
            and self.containing in request.text
        )


class FaultBoard:
    """The armed faults, oldest first; may be used by many threads."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def arm(self, fault: Fault) -> Fault:
        with self._lock:
            self._armed.append(fault)
        return fault

    def disarm(self, *faults: Fault) -> None:
        """These, or all. Requests that wait go on."""
        with self._lock:
            gone = [fault for fault in self._armed if not faults or any(fault is one for one in faults)]
            self._armed = [fault for fault in self._armed if not any(fault is one for one in gone)]
        for fault in (*faults, *gone):
            fault.disarmed.set()

    def armed(self) -> list[Fault]:
        with self._lock:
            return list(self._armed)

    def take(self, request: Request) -> Fault | None:
        """The first fault that matches, counted down once; None if the request goes through untouched."""
        with self._lock:
            for fault in self._armed:
                if not fault.matches(request):
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                fault.met += 1
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self._armed.remove(fault)
                return fault
        return None


def answer_of(kind: str, request: Request) -> tuple[int, Mapping[str, Any]] | None:
    """Status and body of what the kind answers; None where it answers nothing of its own."""
    if kind in ("server-error", "late-error"):
        return 500, error("InternalServerError", "an error occurred on the server side")
    if kind == "throttle":
        code, name, message = "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException", "too much"
    elif kind == "conflict":
        code, name, message = "TransactionConflict", "TransactionConflictException", "a transaction is in the way"
    else:
        return None
    if request.operation != "TransactWriteItems":
        return 400, error(name, message)
    reasons: list[dict[str, str]] = [{"Code": code, "Message": message}, *[{"Code": "None"}] * (request.items - 1)]
    told = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{told}]"
    return 400, error("TransactionCanceledException", message, Message=message, CancellationReasons=reasons)
