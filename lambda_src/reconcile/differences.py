"""Stores the differences of a period as findings, and closes those that are no difference any more."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from ledger.findings import AGREES, Finding, Findings
from reconcile import kinds
from runtime import telemetry

logger = telemetry.logger("reconcile")

#: What happened once stays true, whatever the books show later: a person closes it.
STAYS = frozenset({kinds.FOREIGN_CALL})
#: How many findings an audit stores of one period; more are one fault, and the log has their number.
MOST = 1_000


def store(
    findings: Findings,
    found: Iterable[Finding],
    open_before: Iterable[Finding],
    looked_at: Callable[[Finding], bool],
    now: float,
) -> Counter[str]:
    """Store what was found. Returns new findings by kind, and ``AGREES``: how many were closed.

    open_before: the open findings of this depth. looked_at: whether the comparison has looked at what a finding is
    about, so that it agrees if it was not found again.
    """
    counts: Counter[str] = Counter()
    items = set()
    for each in found:
        items.add((each.subject, each.item))
        if len(items) > MOST:
            counts["not_stored"] += 1
            continue
        if findings.found(each, now):
            counts[each.kind] += 1
            named: dict[str, Any] = {"customer": each.subject, "period": each.period, "dimension": each.dimension}
            logger.warning("finding", **named, depth=each.depth, kind=each.kind, ours=each.ours, theirs=each.theirs)
    for each in open_before:
        if (each.subject, each.item) not in items and each.kind not in STAYS and looked_at(each):
            counts[AGREES] += findings.resolve(each, AGREES, "reconciliation", now)
    if counts["not_stored"]:
        logger.error("more findings than are stored", number=counts["not_stored"])
    return counts
