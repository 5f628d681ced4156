"""What became of every recorded unit of a customer's month. Pure.

A unit belongs to the month of the hour that bills it, and to that hour's day: AWS Marketplace invoices a line by its
Timestamp (BatchMeterUsage, ``UsageRecord.Timestamp``), so usage of October that came late and was counted in an hour of
November is November's. For each day and dimension, in recorded units:

    reported + carriedIn = included + billed + carried + lost + unconfirmed + writtenOff + notSent + waiting
                           + remainder + remainderEnded

A carried unit is *carried* where it was lost and *carriedIn* where it went to, and *reported* once. ``remainder`` is
what an hour left for a later one because it did not fill a billed unit; it is negative where an hour billed what
earlier ones had left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, localcontext
from typing import Any, NamedTuple

from ledger.metering_record import Line, MeteringRecord
from marketplace.dimensions import Dimension
from marketplace.quantity import text

#: In.
REPORTED, CARRIED_IN = "reported", "carriedIn"
#: What becomes of a line.
OUTCOMES = ("billed", "carried", "lost", "unconfirmed", "writtenOff", "notSent", "waiting")
INCLUDED, REMAINDER, REMAINDER_ENDED = "included", "remainder", "remainderEnded"
UNITS = (REPORTED, CARRIED_IN, INCLUDED, *OUTCOMES, REMAINDER, REMAINDER_ENDED)
#: What is shown at list price as well.
PRICED = ("billed", "carried", "lost", "unconfirmed", "writtenOff")
#: Those that may change yet.
UNFINISHED = ("unconfirmed", "waiting")

ZERO = Decimal(0)
#: A sum that would have to be rounded raises ``decimal.Inexact``.
EXACT = Context(prec=80, traps=[Inexact])


class CarriedIn(NamedTuple):
    """Units of a lost line that went to an hour (epoch seconds of its start).

    counted: they are among the hour's counted units; else they came by the balance.
    """

    hour: int
    dimension: str
    units: Decimal
    counted: bool


@dataclass(frozen=True)
class Sums:
    """units: recorded units by the names of ``UNITS``. quantity: billed units of lines by ``OUTCOMES``. Zeros are left
    out."""

    units: dict[str, Decimal] = field(default_factory=dict)
    quantity: dict[str, Decimal] = field(default_factory=dict)

    def add(self, name: str, units: Decimal, quantity: Decimal = ZERO) -> None:
        """Add recorded units, and billed units where a line has them."""
        for sums, more in ((self.units, units), (self.quantity, quantity)):
            total = EXACT.add(sums.get(name, ZERO), more)
            if total:
                sums[name] = total
            else:
                sums.pop(name, None)

    def plus(self, other: "Sums") -> None:
        """Add another day's or customer's."""
        for name in {*other.units, *other.quantity}:
            self.add(name, other.units.get(name, ZERO), other.quantity.get(name, ZERO))

    def unaccounted(self) -> Decimal:
        """Units that came in and are nowhere: 0, or the books are wrong."""
        given = EXACT.add(self.units.get(REPORTED, ZERO), self.units.get(CARRIED_IN, ZERO))
        for name in UNITS:
            if name not in (REPORTED, CARRIED_IN):
                given = EXACT.subtract(given, self.units.get(name, ZERO))
        return given

    def amounts(self, dimension: Dimension | None) -> dict[str, Decimal]:
        """What its lines are worth at list price, by the names of ``PRICED``, exactly; empty without a price."""
        if dimension is None or dimension.price is None:
            return {}
        return {name: EXACT.multiply(self.quantity.get(name, ZERO), dimension.price) for name in PRICED}

    def plain(self) -> dict[str, Any]:
        """As it is stored; ``from_plain`` reads it."""
        return {name: {key: text(value) for key, value in sorted(sums.items())} for name, sums in vars(self).items()}

    @classmethod
    def from_plain(cls, stored: Mapping[str, Any]) -> "Sums":
        """From its stored form."""
        return cls(
            **{name: {key: Decimal(value) for key, value in stored[name].items()} for name in ("units", "quantity")}
        )


class Row(NamedTuple):
    """One customer, day and dimension of an invoice."""

    customer: str
    day: str
    dimension: str
    sums: Sums


def outcome(line: Line) -> str:
    """What has become of a line, one of ``OUTCOMES``.

    *unconfirmed* may have been billed (docs/reconciliation.md); *lost* certainly was not.
    """
    if line.verdict in ("billed", "on_file"):
        return "billed"
    if line.resolution == "carried":
        return "carried"
    if line.resolution == "written_off":
        return "writtenOff"
    if line.verdict == "not_sent":
        return "notSent"
    if not line.ended:
        return "waiting"
    return "unconfirmed" if line.unconfirmed else "lost"


def is_finished(record: MeteringRecord) -> bool:
    """Whether the hour's part of the invoice can only change by a person's decision about a lost line."""
    return record.ended and not any(line.unconfirmed for line in record.lines.values())


def rows(
    records: Iterable[MeteringRecord],
    *,
    carried_in: Iterable[CarriedIn] = (),
    ended: Mapping[tuple[str, int], Decimal] | None = None,
) -> list[Row]:
    """A customer's month, by day and dimension, in that order.

    records: its hours of the month. carried_in: what was carried to them. ended: remainders that were never billed
    because the subscription ended at that second, those of the month.
    """
    with localcontext(EXACT):
        found: dict[tuple[str, str], Sums] = {}
        came: dict[int, list[CarriedIn]] = {}
        for each in carried_in:
            came.setdefault(each.hour, []).append(each)
        customer = ""
        for record in records:
            customer = record.customer_identifier
            for name, sums in _of_hour(record, came.get(record.hour, ())).items():
                found.setdefault((_day(record.hour), name), Sums()).plus(sums)
        for (name, end), units in (ended or {}).items():
            # The last hours had left it, so it is taken from what they left.
            sums = found.setdefault((_day(end), name), Sums())
            sums.add(REMAINDER, -units)
            sums.add(REMAINDER_ENDED, units)
        return [Row(customer, day, name, sums) for (day, name), sums in sorted(found.items())]


def _of_hour(record: MeteringRecord, came: Iterable[CarriedIn]) -> dict[str, Sums]:
    counted: dict[str, Decimal] = {}
    for (name, _month), units in record.counted.items():
        counted[name] = counted.get(name, ZERO) + units
    found = {name: Sums() for name in {*counted, *record.lines, *(each.dimension for each in came)}}
    for name, sums in found.items():
        own = [each for each in came if each.dimension == name]
        all_in = sum((each.units for each in own), ZERO)
        by_counter = sum((each.units for each in own if each.counted), ZERO)
        reported = counted.get(name, ZERO) - by_counter
        included, line = record.included.get(name, ZERO), record.lines.get(name)
        sums.add(REPORTED, reported)
        sums.add(CARRIED_IN, all_in)
        sums.add(INCLUDED, included)
        if record.state != "sealed":
            sums.add("waiting", counted.get(name, ZERO))
            sums.add(REMAINDER, all_in - by_counter)
            continue
        if line is not None:
            sums.add(outcome(line), line.units, line.quantity)
        # Sealing has proved that the balance took the rest (``ledger.conservation.check_seal``).
        sums.add(REMAINDER, reported + all_in - included - (line.units if line else ZERO))
    return found


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
