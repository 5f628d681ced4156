"""Faults on demand, armed through the admin interface and used up by the next calls they match.

===============  =======================================================================================================
kind             effect
===============  =======================================================================================================
throttle         the next ``times`` calls are answered ThrottlingException
server-error     the next ``times`` calls are answered InternalServiceErrorException (500); nothing is processed
lost-answer      the next ``times`` calls do all their work, then the connection closes without an answer
slow             the next ``times`` calls wait ``seconds`` (at most 60) before they are worked on
unprocessed      the next ``times`` *records* come back in UnprocessedRecords
error            calls are refused with ``error`` (an AWS error class, e.g. AccessDeniedException, DisabledApiException,
                 InvalidProductCodeException): every call, those of ``productCode``, or, to poison a batch, those that
                 name ``buyer`` (and ``dimension``)
status           records of ``buyer`` (and ``dimension``) are answered with ``status`` instead of being judged
===============  =======================================================================================================

``times`` counts down; without it a fault stays until it is disarmed (throttle, server-error, lost-answer, slow and
unprocessed default to 1). ``operation`` limits a fault to one operation; BatchMeterUsage is the default.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

from local.marketplace.errors import AdminError

KINDS = ("throttle", "server-error", "lost-answer", "slow", "unprocessed", "error", "status")
OPERATIONS = ("BatchMeterUsage", "ResolveCustomer", "GetEntitlements")
STATUSES = ("Success", "CustomerNotSubscribed", "DuplicateRecord")
LONGEST_WAIT = 60.0


@dataclass
class Fault:
    """One armed fault; fields as in the module's table. ``times`` None: until disarmed."""

    kind: str
    times: int | None = None
    operation: str = "BatchMeterUsage"
    seconds: float = 0.0
    error: str = ""
    productCode: str = ""
    buyer: str = ""
    dimension: str = ""
    status: str = ""

    @classmethod
    def from_request(cls, request: dict[str, Any]) -> "Fault":
        """A fault from the admin interface. Raises AdminError if it is not one of the table."""
        unknown = sorted(set(request) - {entry.name for entry in fields(cls)})
        if unknown:
            raise AdminError(f"a fault has no {', '.join(unknown)}")
        if request.get("kind") not in KINDS:
            raise AdminError(f"a fault needs a kind of {', '.join(KINDS)}")
        fault = cls(**request)
        texts = (fault.error, fault.productCode, fault.buyer, fault.dimension, fault.status)
        if fault.operation not in OPERATIONS or not all(isinstance(text, str) for text in texts):
            raise AdminError(f"operation must be one of {', '.join(OPERATIONS)}, and the other fields texts")
        if fault.kind == "error" and not fault.error:
            raise AdminError("kind error needs an error class")
        if fault.kind == "status" and (not fault.buyer or fault.status not in STATUSES):
            raise AdminError(f"kind status needs a buyer and a status of {', '.join(STATUSES)}")
        if not isinstance(fault.seconds, int | float) or not 0 <= fault.seconds <= LONGEST_WAIT:
            raise AdminError(f"seconds must be 0 to {LONGEST_WAIT:g}")
        if fault.times is None and fault.kind not in ("error", "status"):
            fault.times = 1
        if fault.times is not None and (not isinstance(fault.times, int) or fault.times < 1):
            raise AdminError("times must be a whole number from 1")
        return fault


class FaultBoard:
    """The armed faults, oldest first."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        self._armed.append(fault)

    def clear(self) -> None:
        self._armed.clear()

    def describe(self) -> list[dict[str, Any]]:
        return [{k: v for k, v in asdict(fault).items() if v not in ("", 0.0, None)} for fault in self._armed]

    def take(
        self, kind: str, operation: str, *, product: str = "", buyer: str = "", dimension: str = ""
    ) -> Fault | None:
        """The first armed fault of that kind that matches, counted down once; None if there is none.

        A fault that names a buyer, a dimension or a product matches that one only; one that names none matches all.
        """
        for fault in self._armed:
            if fault.kind != kind or fault.operation != operation:
                continue
            wanted = ((fault.productCode, product), (fault.buyer, buyer), (fault.dimension, dimension))
            if any(want and want != have for want, have in wanted):
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._armed.remove(fault)
            return fault
        return None
