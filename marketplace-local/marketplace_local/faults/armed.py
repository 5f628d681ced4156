"""Faults on demand, armed through the admin interface and used up by the next calls that they match.

``README.md`` has a table of the kinds. ``until`` may be combined with ``times``. ``productCode``, ``buyer`` and
``dimension`` narrow the kinds that ``NARROWED`` lists. ``random_faults`` are armed by rates instead.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

from marketplace_local.clock import from_iso
from marketplace_local.errors import AdminError

_ONE_PRODUCT = ("productCode",)
_RECORDS = ("productCode", "buyer", "dimension")
#: Each kind with the fields that narrow it.
NARROWED: dict[str, tuple[str, ...]] = {
    "throttle": (),
    "server-error": (),
    "late-error": _ONE_PRODUCT,
    "lost-answer": (),
    "slow": (),
    "unprocessed": _RECORDS,
    "partial-unprocessed": _ONE_PRODUCT,
    "reordered": _ONE_PRODUCT,
    "omitted": _ONE_PRODUCT,
    "error": _RECORDS,
    "status": _RECORDS,
    "trail-missing": _ONE_PRODUCT,
    "trail-late": _ONE_PRODUCT,
    "trail-omitted": _ONE_PRODUCT,
}
KINDS = tuple(NARROWED)
#: These kinds touch the records of a call, which only BatchMeterUsage has.
RECORD_KINDS = ("unprocessed", "partial-unprocessed", "reordered", "omitted", "status")
#: These kinds touch the event that CloudTrail keeps of a call.
TRAIL_KINDS = ("trail-missing", "trail-late", "trail-omitted")
OPERATIONS = (
    *("BatchMeterUsage", "ResolveCustomer", "GetEntitlements", "LookupEvents"),
    *("ListAgreementInvoiceLineItems", "BatchCreateBillingAdjustmentRequest"),
    *("SearchAgreements", "DescribeAgreement", "GetAgreementEntitlements"),
)
STATUSES = ("Success", "CustomerNotSubscribed", "DuplicateRecord")
LONGEST_WAIT = 60.0
#: Of an event that appears late: nothing waits for it.
LONGEST_DELAY = 90 * 86_400.0


@dataclass
class CallFault:
    """One armed fault. ``times`` None: until it is disarmed, or ``until``."""

    kind: str
    times: int | None = None
    operation: str = "BatchMeterUsage"
    seconds: float = 0.0
    error: str = ""
    productCode: str = ""
    buyer: str = ""
    dimension: str = ""
    status: str = ""
    until: str = ""

    @classmethod
    def from_request(cls, request: dict[str, Any]) -> "CallFault":
        """A fault from the admin interface. Raises AdminError for a kind or a field that does not exist."""
        unknown = sorted(set(request) - {entry.name for entry in fields(cls)})
        if unknown:
            raise AdminError(f"a fault has no {', '.join(unknown)}")
        if request.get("kind") not in KINDS:
            raise AdminError(f"a fault needs a kind of {', '.join(KINDS)}")
        fault = cls(**request)
        _check_fields(fault)
        if fault.times is None and not fault.until and fault.kind not in ("error", "status"):
            fault.times = 1
        if fault.times is not None and (not isinstance(fault.times, int) or fault.times < 1):
            raise AdminError("times must be a whole number from 1")
        return fault

    def is_over(self, now: float) -> bool:
        """Whether ``until`` has passed; ``now`` in epoch seconds."""
        return bool(self.until) and now >= from_iso(self.until)

    def matches(self, product: str, buyer: str, dimension: str) -> bool:
        """A fault that names a product, a buyer or a dimension matches only that one."""
        wanted = ((self.productCode, product), (self.buyer, buyer), (self.dimension, dimension))
        return all(not want or want == have for want, have in wanted)


def _check_fields(fault: CallFault) -> None:
    texts = (fault.error, fault.productCode, fault.buyer, fault.dimension, fault.status, fault.until)
    if fault.operation not in OPERATIONS or not all(isinstance(text, str) for text in texts):
        raise AdminError(f"operation must be one of {', '.join(OPERATIONS)}, and the other fields texts")
    if fault.kind in (*RECORD_KINDS, *TRAIL_KINDS) and fault.operation != "BatchMeterUsage":
        raise AdminError(f"kind {fault.kind} is about records or their event, which only BatchMeterUsage has")
    if useless := [name for name in _RECORDS if getattr(fault, name) and name not in NARROWED[fault.kind]]:
        raise AdminError(f"kind {fault.kind} is not narrowed by {', '.join(useless)}")
    if fault.kind == "error" and not fault.error:
        raise AdminError("kind error needs an error class")
    if fault.kind == "status" and (not fault.buyer or fault.status not in STATUSES):
        raise AdminError(f"kind status needs a buyer and a status of {', '.join(STATUSES)}")
    longest = LONGEST_DELAY if fault.kind == "trail-late" else LONGEST_WAIT
    if not isinstance(fault.seconds, int | float) or not 0 <= fault.seconds <= longest:
        raise AdminError(f"seconds must be 0 to {longest:g}")
    try:
        from_iso(fault.until or "2000-01-01T00:00:00Z")
    except ValueError as error:
        raise AdminError(f"until is not a time: {error}") from None


class ArmedFaults:
    """The armed faults, oldest first."""

    def __init__(self) -> None:
        self._armed: list[CallFault] = []

    def __bool__(self) -> bool:
        return bool(self._armed)

    def arm(self, fault: CallFault) -> None:
        """Adds a fault behind the others."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Disarms all faults."""
        self._armed.clear()

    def describe(self, now: float) -> list[dict[str, Any]]:
        """The faults that are not over, as the admin interface shows them: without empty fields."""
        self._drop_old(now)
        return [{k: v for k, v in asdict(fault).items() if v not in ("", 0.0, None)} for fault in self._armed]

    def take(
        self, kind: str, operation: str, now: float, *, product: str = "", buyer: str = "", dimension: str = ""
    ) -> CallFault | None:
        """The first armed fault of that kind that matches, counted down once; None if there is none."""
        self._drop_old(now)
        for fault in self._armed:
            if fault.kind != kind or fault.operation != operation or not fault.matches(product, buyer, dimension):
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._armed.remove(fault)
            return fault
        return None

    def _drop_old(self, now: float) -> None:
        self._armed = [fault for fault in self._armed if not fault.is_over(now)]
