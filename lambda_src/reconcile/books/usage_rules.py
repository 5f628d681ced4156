"""The ledger's and the feed's units of one customer, dimension and day. Pure.

Source: AWS Marketplace user guide, "Daily Usage data feed": usage is aggregated for each day, and ``usage_quantity``
has up to two decimals. How more decimals are cut is not documented, so each row may be wrong by less than a hundredth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ledger.findings import Finding, amount
from ledger.metering_record import Line
from marketplace.usage_feed import STEP, Reported
from reconcile import kinds
from reconcile.calls.rules import BILLED


@dataclass(frozen=True)
class Metered:
    """Billed units of a day by the ledger. exact: whether the feed can show each of its lines as it is."""

    units: Decimal = Decimal(0)
    exact: bool = True

    def plus(self, line: Line) -> "Metered":
        """With one more line, if Marketplace has it."""
        if line.verdict not in BILLED:
            return self
        return Metered(self.units + line.quantity, self.exact and not line.quantity % STEP)


def metered(lines: Iterable[Line]) -> dict[str, Metered]:
    """Billed units by dimension."""
    sums: dict[str, Metered] = {}
    for line in lines:
        sums[line.dimension] = sums.get(line.dimension, Metered()).plus(line)
    return sums


def agree(ours: Metered, theirs: Reported) -> bool:
    """Whether the feed may show the ledger's units so."""
    difference = abs(ours.units - theirs.units)
    return not difference or (not ours.exact and difference < STEP * max(theirs.rows, 1))


def compare_day(customer: str, day: str, ours: Mapping[str, Metered], theirs: Mapping[str, Reported]) -> list[Finding]:
    """The differences of one customer's day, by dimension."""
    found = []
    for dimension in sorted({*ours, *theirs}):
        here, there = ours.get(dimension, Metered()), theirs.get(dimension, Reported())
        if agree(here, there):
            continue
        kind = kinds.OTHER_AMOUNT
        if not there.units:
            kind = kinds.ONLY_HERE
        elif not here.units:
            kind = kinds.ONLY_THERE
        found.append(
            Finding(
                subject=customer,
                depth=kinds.USAGE,
                period=day,
                dimension=dimension,
                kind=kind,
                ours=amount(here.units),
                theirs=amount(there.units) if there.rows else None,
            )
        )
    return found
