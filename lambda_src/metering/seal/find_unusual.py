"""The lines of an hour that are far above the customer's usual, by ``unusual_rules``.

Nearly every hour ends at the first question, which reads nothing. One that is worth a look reads some twenty records
of the past; only one that already stands out may read some hundred more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.subscriber import Period
from marketplace.dimensions import Dimension
from metering.seal.unusual_rules import Unusual, judge
from metering.seal.unusual_settings import UnusualSettings

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class UnusualLines:
    """Judges the lines of an hour that is about to be sealed."""

    records: MeteringRecords
    settings: UnusualSettings

    def of_hour(
        self,
        record: MeteringRecord,
        lines: Sequence[Line],
        dimensions: Mapping[str, Dimension],
        periods: Sequence[Period],
    ) -> dict[str, Unusual]:
        """The lines that stand out, by dimension. dimensions: the product's. periods: when the customer was active."""
        found: dict[str, Unusual] = {}
        history = _History(self.records, record.customer_identifier)
        for line in lines:
            dimension = dimensions[line.dimension]
            if not self.settings.is_worth_a_look(dimension, line.quantity):
                continue
            unusual = judge(
                record.hour,
                units_of(line),
                is_monthly=dimension.aggregation != "sum",
                past=partial(history.of, line.dimension),
                periods=periods,
                times=self.settings.times,
            )
            if unusual is not None:
                found[line.dimension] = unusual
        return found


def units_of(line: Line) -> Decimal:
    """The recorded units by which a line is judged: what the hour counted, or what it bills and includes, if that is
    more by over a billed unit (units that were carried into this hour, or did not fit an earlier line). Less than a
    billed unit is the remainder of earlier hours.
    """
    one = line.scale * Decimal(1).scaleb(-line.decimals)
    return max(line.counted, line.units + sum(line.included.values(), ZERO) - one)


class _History:
    """Past hours of one customer, each read once however many of its lines are judged."""

    def __init__(self, records: MeteringRecords, customer_identifier: str) -> None:
        self._records = records
        self._customer = customer_identifier
        self._read: dict[int, dict[str, Decimal]] = {}

    def of(self, dimension: str, hours: Sequence[int]) -> dict[int, Decimal]:
        """Recorded units of these hours; those without usage are left out."""
        missing = [hour for hour in hours if hour not in self._read]
        self._read.update({hour: {} for hour in missing})
        for record in self._records.get_many([(self._customer, hour) for hour in missing]):
            counted = self._read[record.hour]
            for (name, _period), units in record.counted.items():
                counted[name] = counted.get(name, ZERO) + units
        return {hour: counted[dimension] for hour in hours if dimension in (counted := self._read[hour])}
