"""Sums that must not change where money is frozen, checked twice: where they are worked out and where they are stored.

A failed check is a bug of ours, or damage to what is stored. It stops that one hour before anything is written or sent.
``assert`` would not do: ``python -O`` removes it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.balance import Balance
    from ledger.metering_record import Line, MeteringRecord
    from ledger.seal_record import Frozen

ZERO = Decimal(0)


class NotConserved(Exception):
    """Units would have appeared, vanished or changed. The hour stays as it is: pending, counted and alarmed."""


def conserved(what: str, before: object, after: object) -> None:
    """Check that both values are equal. Raises NotConserved if they are not. what: names them in its message."""
    if before != after:
        raise NotConserved(f"{what}: {before} before, {after} after")


def check_seal(
    record: "MeteringRecord",
    frozen: "Frozen",
    old: "Balance | None" = None,
    *,
    remainder: Mapping[str, Decimal] | None = None,
    used: Mapping[tuple[str, str], Decimal] | None = None,
) -> None:
    """What an hour counted, and what the balance held, is all in its lines, the allowance and the balance after it.

    old: the balance as it was read; None where sealing leaves it alone. remainder, used: its entries that change.
    Raises NotConserved.
    """
    left, covered = (old.remainder, old.used) if old else ({}, {})
    left_after, covered_after = {**left, **(remainder or {})}, {**covered, **(used or {})}
    lines = {line.dimension: line for line in frozen.lines}
    counted: dict[str, Decimal] = {}
    for (name, _period), units in record.counted.items():
        counted[name] = counted.get(name, ZERO) + units
    for name in sorted({*counted, *lines, *left_after, *frozen.included}):
        included = frozen.included.get(name, ZERO)
        line = lines.get(name)
        conserved(
            f"units of {name}",
            left.get(name, ZERO) + counted.get(name, ZERO),
            left_after.get(name, ZERO) + included + (line.units if line else ZERO),
        )
        conserved(f"allowance of {name}", _of(covered, name) + included, _of(covered_after, name))
        if line is not None:
            conserved(f"counted units of {name}", counted.get(name, ZERO), line.counted)
            conserved(f"included units of {name}", included, sum(line.included.values(), ZERO))


def check_lines(before: "MeteringRecord", after: "MeteringRecord") -> None:
    """A write on a sealed record has changed none of what is frozen. Raises NotConserved."""
    conserved("Timestamp", before.sent_timestamp, after.sent_timestamp)
    # The message goes to the log, so it names what differs, and not the buyer's account or the quantities.
    old, new = _frozen(before.lines), _frozen(after.lines)
    changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    conserved("changed lines", [], changed)
    conserved("changed identity", [], [] if before.identity == after.identity else ["identity"])


def _frozen(lines: "Mapping[str, Line]") -> dict[str, tuple[object, ...]]:
    """What of each line never changes after sealing."""
    return {
        name: (line.quantity, line.scale, line.counted, dict(line.included), line.deadline, line.allocations)
        for name, line in lines.items()
    }


def _of(used: Mapping[tuple[str, str], Decimal], dimension: str) -> Decimal:
    return sum((units for (name, _period), units in used.items() if name == dimension), ZERO)
