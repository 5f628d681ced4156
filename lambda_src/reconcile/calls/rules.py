"""What a line's verdict and CloudTrail's calls mean together. Pure.

Source: botocore model of BatchMeterUsage: Marketplace keeps the first record of a buyer, dimension and hour; an
identical one is Success again, another quantity is DuplicateRecord and is not billed. CloudTrail user guide: events are
delivered within minutes, "not guaranteed"; a part of an event that is too large is omitted.
"""

from typing import Literal, NamedTuple

from ledger.findings import Finding, amount
from ledger.metering_record import Line
from marketplace.hour import SECONDS
from reconcile import kinds
from reconcile.calls.seen import Accepted, Seen, Slot
from runtime.clock import iso

#: Verdicts of lines that Marketplace has with our quantity.
BILLED = frozenset({"billed", "on_file"})
#: Verdicts that a DuplicateRecord has given: Marketplace has said itself that the slot is taken.
DUPLICATES = frozenset({"conflict", "presumed_on_file"})
#: Half an hour after its verdict a line is looked for: CloudTrail shows most calls after a quarter.
LOOK_AFTER = 30 * 60
#: A line that is not found is lost only so long after its verdict, because an event may come late.
LOST_AFTER = 3 * 3600
#: A line that cannot be judged gets a finding from so long after its verdict.
DOUBT_AFTER = 24 * 3600
#: A call is made some time before its line's verdict is stored; clocks differ.
NEAR = 10 * 60

Confirmed = Literal["on_file", "lost"]
NOTHING = Seen()


class Outcome(NamedTuple):
    """What follows for an unconfirmed line: what it is confirmed as, if anything, and the finding, if there is one."""

    confirmed: Confirmed | None = None
    finding: Finding | None = None
    metering_record_id: str | None = None


def hour_name(hour: int) -> str:
    """``2026-11-15T14:00Z``: an hour as findings and operators name it."""
    return iso(hour)[:16] + "Z"


def judge_unconfirmed(
    slot: Slot, line: Line, seen: Seen | None, *, now: float, complete: bool, gap: bool, callers: frozenset[str]
) -> Outcome:
    """What becomes of a line that Marketplace may have billed.

    complete: CloudTrail was read from the beginning of the line's hour until now. gap: a call in between does not show
    its records. foreign: names of callers that are not ours.

    With another quantity in the slot ours is certainly not billed. Without any, it is lost only if nothing that is not
    shown could have billed it: no gap, no unknown answer, and no DuplicateRecord, which says that something is on file.
    A line that ended by a DuplicateRecord had that answer, whatever the log shows: a log without it is not complete.
    """
    seen = seen or NOTHING
    for each in seen.accepted:
        if each.quantity == line.quantity:
            finding = _finding(slot, kinds.FOREIGN_CALL, line, each) if is_foreign(each, callers) else None
            return Outcome("on_file", finding, each.metering_record_id)
    if seen.accepted:
        first = min(seen.accepted, key=lambda each: each.at)
        kind = kinds.FOREIGN_CALL if is_foreign(first, callers) else kinds.OTHER_AMOUNT
        return Outcome("lost", _finding(slot, kind, line, first))
    age = now - (line.at or now)
    doubtful = seen.doubtful or line.verdict in DUPLICATES
    if complete and not gap and not doubtful and age >= LOST_AFTER:
        return Outcome("lost")
    if age >= DOUBT_AFTER:
        return Outcome(finding=_finding(slot, kinds.UNVERIFIABLE, line, None))
    return Outcome()


def judge_line(
    slot: Slot, line: Line | None, seen: Seen | None, *, gap: bool, callers: frozenset[str]
) -> list[Finding]:
    """The differences of one line, or of a slot for which the ledger has no line.

    gap: a call around the line's verdict does not show its records. A line that has not ended, or that may have been
    billed, is not judged here.
    """
    seen = seen or NOTHING
    others = [each for each in seen.accepted if is_foreign(each, callers)]
    if others:
        return [_finding(slot, kinds.FOREIGN_CALL, line, others[0])]
    if line is None:
        return [_finding(slot, kinds.ONLY_THERE, None, seen.accepted[0])] if seen.accepted else []
    if not line.ended or line.unconfirmed:
        return []
    ours = [each for each in seen.accepted if each.quantity == line.quantity]
    if line.verdict in BILLED:
        if ours or (not seen.accepted and (seen.doubtful or gap)):
            return []
        theirs = seen.accepted[0] if seen.accepted else None
        return [_finding(slot, kinds.OTHER_AMOUNT if theirs else kinds.ONLY_HERE, line, theirs)]
    if ours:
        return [_finding(slot, kinds.ONLY_THERE, line, ours[0])]
    return [_finding(slot, kinds.OTHER_AMOUNT, line, seen.accepted[0])] if seen.accepted else []


def is_near(line: Line, at: float) -> bool:
    """Whether a call at that time may have been the one that a line's verdict answers."""
    return line.at is not None and abs(line.at - at) <= NEAR


def stretch_of(hour: int) -> tuple[float, float]:
    """The stretch in which most calls with an hour's lines are made: the hour after it, and a little on both sides."""
    return hour + SECONDS - NEAR / 2, hour + 2 * SECONDS + NEAR / 2


def is_foreign(each: Accepted, callers: frozenset[str]) -> bool:
    """Whether a record was sent by a caller that is not ours."""
    return bool(callers) and each.caller not in callers


def _finding(slot: Slot, kind: str, line: Line | None, theirs: Accepted | None) -> Finding:
    customer, dimension, hour = slot
    detail = {"verdict": str(line.resolution or line.verdict)} if line is not None else {}
    if theirs is not None:
        detail |= {"caller": theirs.caller, "seenAt": iso(int(theirs.at))}
    return Finding(
        subject=customer,
        depth=kinds.CALLS,
        period=hour_name(hour),
        dimension=dimension,
        kind=kind,
        ours=amount(line.quantity) if line is not None else None,
        theirs=amount(theirs.quantity) if theirs is not None else None,
        detail=detail,
    )
