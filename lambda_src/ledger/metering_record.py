"""A metering record as it is read: what one customer used in one hour, and how its lines ended.

``open → (closing) → sealed``; whether a sealed record is settled is derived from its lines, never stored.
Verdicts only rise (``RANK``); a line *ends* with one of ``ENDED``.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.hold import HELD, Hold

COUNTED = "counted#"
#: Recorded units among the counted ones that came from a lost line (``ledger.carry``).
CARRIED = "carried#"
VERDICT = "verdict#"
ATTEMPTS = "attempts#"
#: Attempts to send every line of a record. One attribute for all lines keeps a record of five within a kilobyte.
ATTEMPTS_OF_ALL = "attempts"

RANK = {
    "not_subscribed": 1,
    "rejected": 1,
    "retried": 1,
    "not_sent": 2,
    "conflict": 2,
    "expired": 2,
    "presumed_on_file": 2,
    "billed": 3,
    "on_file": 3,
}
ENDED = frozenset({"not_sent", "conflict", "expired", "presumed_on_file", "billed", "on_file"})
#: Verdicts of lines that ended neither billed nor by the stage's own setting: a person must resolve them.
FAILED = frozenset({"conflict", "expired", "presumed_on_file"})

#: Seconds for which a call may be under way. Connecting and reading take 35 at most (``marketplace.meter_usage``), and
#: the submitter may have to wait for its turn first.
UNDER_WAY = 120
#: Replaces every attempt that ended without an answer. They share one id, because one id per retry would let the record
#: grow for as long as Marketplace is down.
OVER = "0-over"


class AllocationSummary(NamedTuple):
    """A summary of a line's allocations that the line itself stores, so that planning need not read them.

    parts: items that hold them (0: a line without tags). size: an upper bound of their bytes in a request. sets: the
    number of sets of tags. folded_sets, folded_units: sets that were too many, and their billed units, which went into
    the untagged bucket.
    """

    parts: int = 0
    size: int = 0
    sets: int = 0
    folded_sets: int = 0
    folded_units: Decimal = Decimal(0)

    @classmethod
    def from_line(cls, stored: Mapping[str, Any]) -> "AllocationSummary":
        """The summary that a stored line has; ``NO_ALLOCATIONS`` where it has none."""
        return cls(
            parts=int(stored.get("allocationParts", 0)),
            size=int(stored.get("allocationBytes", 0)),
            sets=int(stored.get("tagSets", 0)),
            folded_sets=int(stored.get("foldedSets", 0)),
            folded_units=stored.get("foldedUnits", Decimal(0)),
        )

    def attributes(self) -> dict[str, Any]:
        """The attributes of the stored line; none for a line without tags."""
        found: dict[str, Any] = {}
        if self.parts:
            found |= {"allocationParts": self.parts, "allocationBytes": self.size, "tagSets": self.sets}
        if self.folded_sets:
            found |= {"foldedSets": self.folded_sets, "foldedUnits": self.folded_units}
        return found


#: The summary of a line without tags.
NO_ALLOCATIONS = AllocationSummary()


@dataclass(frozen=True, kw_only=True)
class Line:
    """One dimension of a sealed record: frozen, sent as often as necessary, billed once.

    quantity: billed units, as sent. counted: recorded units of this hour. included: of these, by period, what the
    contract covers. scale: recorded units per billed unit. deadline: epoch seconds from which it is no longer sent.
    allocations: a summary of its split by tags, which is stored in items of its own.
    verdict: None before the first answer. at: when the verdict was stored. status_changed_at: the subscriber's, as read
    before the call that was answered. attempts: ids of calls with it whose answer is not known. hold: why it waits for
    a person, or waited; None for nearly every line.
    """

    dimension: str
    quantity: Decimal
    counted: Decimal
    included: Mapping[str, Decimal] = field(default_factory=dict)
    scale: int = 1
    decimals: int = 0
    deadline: int = 0
    allocations: AllocationSummary = NO_ALLOCATIONS
    verdict: str | None = None
    at: float | None = None
    status_changed_at: int | None = None
    metering_record_id: str | None = None
    request_id: str | None = None
    detail: str | None = None
    resolution: str | None = None
    resolved_at: float | None = None
    carried_to: int | None = None
    attempts: frozenset[str] = frozenset()
    hold: Hold | None = None

    @property
    def ended(self) -> bool:
        """Whether the line's verdict is final (one of ``ENDED``), so that it is never sent again."""
        return self.verdict in ENDED

    @property
    def failed(self) -> bool:
        """Whether the line ended otherwise than billed and no person has decided about it yet, also where it is
        confirmed as ``lost``; an hourly zero leaves nothing to decide."""
        return self.verdict in FAILED and self.resolution in (None, "lost") and self.quantity != 0

    @property
    def unconfirmed(self) -> bool:
        """Whether the line failed, but Marketplace may have billed it: it reported another record for that hour, or a
        call was never answered, and nobody has looked since. Any other failed line was certainly not billed."""
        return self.failed and self.resolution is None and (self.verdict != "expired" or bool(self.attempts))

    def is_under_way(self, now: float) -> bool:
        """Whether another run may be sending it at ``now`` (epoch seconds)."""
        return any(is_under_way(attempt, now) for attempt in self.attempts)

    def is_on_hold(self, now: float) -> bool:
        """Whether it waits for a person at ``now`` (epoch seconds)."""
        return self.hold is not None and not self.ended and self.hold.lasts(self.deadline, now)

    @property
    def units(self) -> Decimal:
        """The quantity in recorded units."""
        return self.quantity * self.scale


@dataclass(frozen=True, kw_only=True)
class MeteringRecord:
    """One customer's hour. ``sent_timestamp``: what is sent as its lines' Timestamp (epoch seconds); None until sealed.

    counted: recorded units by (dimension, period). included: of these, by dimension, what the contract covered when the
    hour was sealed, also where nothing was left to send. tagged: some of its usage has tags (``ledger.tagged_usage``).
    attempts: ids of calls with every one of its lines whose answer is not known; each line counts them as its own.
    """

    customer_identifier: str
    hour: int
    state: str
    version: int
    settle_version: int = 0
    counted: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    included: Mapping[str, Decimal] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    sent_timestamp: int | None = None
    pending: str | None = None
    marked_failed: bool = False
    #: The ``settle_version`` at which the failed lines were copied to the dead letters; None: never.
    copied_at: int | None = None
    tagged: bool = False
    #: It was sealed at its deadline without known terms: its lines hold units before the allowance.
    before_allowance: bool = False
    attempts: frozenset[str] = frozenset()

    @property
    def product_code(self) -> str | None:
        """The code of the product whose usage it is, as it was sealed; None before, and where it was sealed at its
        deadline without knowing it."""
        return self.identity.get("productCode")

    @property
    def ended(self) -> bool:
        """Whether the record is sealed and every line has ended."""
        return self.state == "sealed" and all(line.ended for line in self.lines.values())


def from_item(item: Mapping[str, Any]) -> MeteringRecord:
    """A record from its table item (boto3 resource types)."""
    counted: dict[tuple[str, str], Decimal] = {}
    for name, value in item.items():
        if name.startswith(COUNTED):
            dimension, period = name[len(COUNTED) :].rsplit("#", 1)
            counted[dimension, period] = value
    return MeteringRecord(
        customer_identifier=item["customerIdentifier"],
        hour=int(item["timestamp"]),
        state=item["state"],
        version=int(item["version"]),
        settle_version=int(item.get("settleVersion", 0)),
        counted=counted,
        lines={name: _line(name, stored, item) for name, stored in item.get("lines", {}).items()},
        included={usage["dimension"]: usage.get("included", Decimal(0)) for usage in item.get("dimensionUsage", ())},
        identity=item.get("identity", {}),
        sent_timestamp=int(item["sentTimestamp"]) if "sentTimestamp" in item else None,
        pending=item.get("meteringPending"),
        marked_failed=item.get("meteringFailed") == "true",
        copied_at=int(item["failedCopiedAt"]) if "failedCopiedAt" in item else None,
        tagged=bool(item.get("tagged", False)),
        before_allowance=bool(item.get("beforeAllowance", False)),
        attempts=frozenset(item.get(ATTEMPTS_OF_ALL, ())),
    )


def _line(dimension: str, stored: Mapping[str, Any], item: Mapping[str, Any]) -> Line:
    """A line as ``ledger.seal_record`` stored it: an attribute that is absent has its usual value, or the record's."""
    verdict = item.get(VERDICT + dimension, {})
    changed = verdict.get("statusChangedAt")
    value = (usage["value"] for usage in item.get("dimensionUsage", ()) if usage["dimension"] == dimension)
    return Line(
        dimension=dimension,
        quantity=stored["quantity"],
        counted=stored["counted"] if "counted" in stored else next(value, Decimal(0)),
        included=stored.get("included", {}),
        scale=int(stored.get("scale", 1)),
        decimals=int(stored.get("decimals", 0)),
        deadline=int(stored.get("deadline", item.get("deadline", 0))),
        allocations=AllocationSummary.from_line(stored),
        verdict=verdict.get("verdict"),
        at=float(verdict["at"]) if "at" in verdict else None,
        status_changed_at=int(changed) if changed is not None else None,
        metering_record_id=verdict.get("meteringRecordId"),
        request_id=verdict.get("requestId"),
        detail=verdict.get("detail"),
        resolution=verdict.get("resolution"),
        resolved_at=float(verdict["resolvedAt"]) if "resolvedAt" in verdict else None,
        carried_to=int(verdict["carriedTo"]) if "carriedTo" in verdict else None,
        attempts=frozenset((*item.get(ATTEMPTS_OF_ALL, ()), *item.get(ATTEMPTS + dimension, ()))),
        hold=Hold.from_item(dimension, item) if HELD + dimension in item else None,
    )


# --- ids of attempts to send a line -----------------------------------------------------------------------------------
#
# An attempt is stored on its lines before the call, and stays there until an answer about them is stored. While it is
# young its call may still be under way, so another run leaves the line for a later pass. That only saves calls:
# correctness rests on the frozen lines alone.


def new_attempt(now: float) -> str:
    """The id of an attempt made at ``now`` (epoch seconds), for example ``1795000000-5f0c9a7be112``."""
    return f"{int(now)}-{uuid.uuid4().hex[:12]}"


def is_under_way(attempt: str, now: float) -> bool:
    """Whether the attempt's call may still be under way at ``now`` (epoch seconds)."""
    made, _, _ = attempt.rpartition("-")
    return made.isdecimal() and now - int(made) < UNDER_WAY
