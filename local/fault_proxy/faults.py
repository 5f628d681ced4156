"""Faults on demand. The next requests that match a fault use it up.

============  ==========================================================================================================
kind          effect
============  ==========================================================================================================
throttle      DynamoDB does nothing and answers ProvisionedThroughputExceededException; it cancels a transaction with
              that reason on its first operation
conflict      DynamoDB does nothing and answers TransactionConflictException, as if another transaction were writing; it
              cancels a transaction with the reason TransactionConflict on its first operation
server-error  DynamoDB does nothing and answers InternalServerError (500)
unreachable   DynamoDB does nothing and the connection closes
lost-answer   DynamoDB does all the work, then the connection closes without an answer
late-error    DynamoDB does all the work, then the answer is InternalServerError (500)
slow          the proxy passes the request on after ``seconds``, or when the fault is disarmed; if the sender has gone
              by then, it drops the request
============  ==========================================================================================================

Source of the errors: the DynamoDB API reference, "Common errors" and ``CancellationReason``. ``operation``, ``table``
and ``containing`` (a text of the request's body, for example a customer) narrow a fault. ``after``: so many matching
requests pass first. ``times``: the fault ends after so many requests; with None it stays until it is disarmed.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.fault_proxy.request import Request, error_body

KINDS = ("throttle", "conflict", "server-error", "unreachable", "lost-answer", "late-error", "slow")
#: Kinds that let DynamoDB do the work.
WORK_IS_DONE = ("lost-answer", "late-error", "slow")
#: Operations that may conflict with a transaction (API reference, TransactionConflictException).
CONFLICTING = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


@dataclass
class ProxyFault:
    """One armed fault, with the fields above. ``met``: how many requests it has matched."""

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
        """Raises ValueError for a fault that is not in the table above."""
        if self.kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(KINDS)}, not {self.kind}")
        if self.kind == "conflict" and self.operation and self.operation not in CONFLICTING:
            raise ValueError(f"{', '.join(CONFLICTING)} conflict with transactions, not {self.operation}")
        if self.after < 0 or (self.times is not None and self.times < 1):
            raise ValueError("after is a number from 0, times one from 1")

    def matches(self, request: Request) -> bool:
        """Whether operation, table and text of the request are those that the fault names; a field left empty matches
        all."""
        if self.kind == "conflict" and request.operation not in CONFLICTING:
            return False
        return (
            (not self.operation or self.operation == request.operation)
            and (not self.table or self.table in request.tables)
            and self.containing in request.text
        )


class ProxyFaults:
    """The armed faults, oldest first. Safe for many threads."""

    def __init__(self) -> None:
        self._armed: list[ProxyFault] = []
        self._lock = threading.Lock()

    def arm(self, fault: ProxyFault) -> ProxyFault:
        """Adds a fault behind the others and returns it."""
        with self._lock:
            self._armed.append(fault)
        return fault

    def disarm(self, *faults: ProxyFault) -> None:
        """Disarms these faults, or all. Requests that a slow fault holds go on."""
        with self._lock:
            gone = [fault for fault in self._armed if not faults or any(fault is one for one in faults)]
            self._armed = [fault for fault in self._armed if not any(fault is one for one in gone)]
        for fault in (*faults, *gone):
            fault.disarmed.set()

    def armed(self) -> list[ProxyFault]:
        """A copy of the list, oldest first."""
        with self._lock:
            return list(self._armed)

    def take(self, request: Request) -> ProxyFault | None:
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
    """Status and body of the fault's own answer; None if its kind has none."""
    if kind in ("server-error", "late-error"):
        return 500, error_body("InternalServerError", "an error occurred on the server side")
    if kind == "throttle":
        code, name, message = "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException", "too much"
    elif kind == "conflict":
        code, name, message = "TransactionConflict", "TransactionConflictException", "another transaction is writing"
    else:
        return None
    if request.operation != "TransactWriteItems":
        return 400, error_body(name, message)
    reasons: list[dict[str, str]] = [{"Code": code, "Message": message}, *[{"Code": "None"}] * (request.items - 1)]
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return 400, error_body("TransactionCanceledException", message, Message=message, CancellationReasons=reasons)
