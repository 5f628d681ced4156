"""What a restored ledger must never bill again, as CloudTrail shows it. Pure.

A restored ledger does not know what was sealed and sent after its moment. It may meter an hour once more, and
Marketplace would keep the first record (BatchMeterUsage, ``DuplicateRecord``); but the units of that hour that made no
billed unit went into later lines, by the remainder. So of a customer and dimension everything is closed up to the
newest hour that Marketplace has: its hours are sealed with what is on file, and the remainder that was restored is
dropped. Later hours were never sent, and are metered as they are.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from ledger.metering_record import MeteringRecord

#: Dimension and period.
Entry = tuple[str, str]


class OnFile(NamedTuple):
    """What Marketplace has of one dimension and hour: billed units, and the record's id where it is shown."""

    quantity: Decimal
    metering_record_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fence:
    """One hour that is sealed with what is on file. record: as restored; None where there was none.

    closed: recorded units that never are billed again; they are in what is on file, in a later line, or covered by the
    contract. moved: recorded units of dimensions that Marketplace has nothing of, which go to the open hour.
    """

    hour: int
    record: MeteringRecord | None
    on_file: Mapping[str, OnFile]
    closed: Mapping[Entry, Decimal] = field(default_factory=dict)
    moved: Mapping[Entry, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fences:
    """A customer's fenced hours, oldest first. dropped: remainders (recorded units) that are never billed."""

    hours: Sequence[Fence]
    dropped: Mapping[str, Decimal]


def fences(
    on_file: Mapping[tuple[str, int], OnFile],
    unsealed: Iterable[MeteringRecord],
    sealed: Container[int],
    remainder: Mapping[str, Decimal],
    known: Container[int] = frozenset(),
) -> Fences:
    """What is to be closed of one customer.

    on_file: by dimension and hour, what Marketplace has accepted since the restored moment. unsealed: the restored
    records that are not sealed. sealed: hours of those that are; their lines are frozen and may be sent again, which
    Marketplace answers as before. remainder: of the restored balance. known: of the sealed hours those
    whose leftovers the restored balance has, so that they close nothing more.
    """
    newest: dict[str, int] = {}
    for dimension, hour in on_file:
        if hour not in known:
            newest[dimension] = max(hour, newest.get(dimension, hour))
    records = {record.hour: record for record in unsealed}
    hours = {hour for _, hour in on_file if hour not in sealed}
    hours |= {
        hour for hour, record in records.items() if any(_is_over(entry, hour, newest) for entry in record.counted)
    }
    made = []
    for hour in sorted(hours):
        counted = records[hour].counted if hour in records else {}
        over = {entry: units for entry, units in counted.items() if _is_over(entry, hour, newest)}
        made.append(
            Fence(
                hour=hour,
                record=records.get(hour),
                on_file={name: each for (name, at), each in on_file.items() if at == hour},
                closed=over,
                moved={entry: units for entry, units in counted.items() if entry not in over and units},
            )
        )
    dropped = {name: units for name, units in remainder.items() if name in newest and units}
    return Fences(hours=made, dropped=dropped)


def _is_over(entry: Entry, hour: int, newest: Mapping[str, int]) -> bool:
    return entry[0] in newest and hour <= newest[entry[0]]
