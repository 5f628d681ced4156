"""Lines on hold: hours that an episode calls unusual, and the people who decide about their lines, late or never."""

import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ledger.held_lines import REFUSED, release
from ledger.metering_record import Line, MeteringRecord
from ledger.subscriber import Period
from ledger.tables import METERING_RECORDS
from ledger.transaction import Cancelled, Contended, write
from marketplace.dimensions import Dimension
from metering.seal.find_unusual import UnusualLines
from metering.seal.unusual_rules import Unusual
from tests.simulation.actors import Actor
from tests.simulation.lives import HOUR, limit
from tests.simulation.store import Item

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

LineKey = tuple[str, int, str]
#: A hold is over two hours before a line's deadline, which is ten minutes before Marketplace's own at most.
LATEST, EARLIEST = 2 * HOUR, 2 * HOUR + 600


@dataclass(frozen=True, kw_only=True)
class OddHours(UnusualLines):
    """Calls some lines unusual, the same ones whenever it is asked: of two sealers either may win."""

    share: float

    def of_hour(
        self,
        record: MeteringRecord,
        lines: Sequence[Line],
        dimensions: Mapping[str, Dimension],
        periods: Sequence[Period],
    ) -> dict[str, Unusual]:
        """A share of the lines, whatever the customer's past."""
        key = f"{record.customer_identifier}|{record.hour}|"
        used = [line.dimension for line in lines if line.quantity]
        odd = [name for name in used if zlib.crc32((key + name).encode()) % 100 < self.share * 100]
        return dict.fromkeys(odd, Unusual(Decimal(1), Decimal(9)))


def waiting_lines(world: "Protocol") -> list[LineKey]:
    """Lines with a hold that nobody has decided about, and that have no verdict."""
    return [key for item in world.store.items(METERING_RECORDS.name) for key in _held(item) if _is_undecided(item, key)]


def decider(world: "Protocol", line: LineKey, *, refuses: bool) -> Actor:
    """An actor: a person who releases a line, or refuses it."""
    customer, hour, dimension = line

    def work() -> None:
        record = world.records.get(customer, hour)
        assert record is not None
        now = world.clock()
        if refuses:
            operation = world.settlement.operation(record, {dimension: REFUSED}, now=now)
        else:
            operation = release(world.records.table_name, customer, hour, dimension, by="ann", now=now)
        with suppress(Cancelled, Contended):
            write(world.dynamodb.meta.client, [operation])

    return world.scheduler.spawn("people", work)


def sent_too_early(world: "Protocol", item: Item, line: LineKey, seen: float) -> bool:
    """Whether a line is sent that still waits for a person, and its customer has not left since."""
    customer, hour, dimension = line
    periods = world.periods[customer]
    has_left = (bool(periods) and periods[-1][1] is not None) or any(
        end is not None and end > hour for _, end in periods
    )
    holds = f"held#{dimension}" in item and f"released#{dimension}" not in item
    return holds and not has_left and seen < limit(hour) - EARLIEST


def forgotten(world: "Protocol") -> list[LineKey]:
    """Lines whose hold is over, which an undisturbed run has just left without a verdict."""
    return [
        key
        for item in world.store.items(METERING_RECORDS.name)
        for key in _held(item)
        if f"verdict#{key[2]}" not in item and (f"released#{key[2]}" in item or world.now >= limit(key[1]) - LATEST)
    ]


def ends(world: "Protocol", until: float) -> list[float]:
    """When the run comes in which each hold is over, by that moment: runs are an hour apart, at ten minutes past."""
    moments = {(limit(hour) - LATEST) // HOUR * HOUR + 600 for _, hour, _ in waiting_lines(world)}
    return sorted(float(moment) for moment in moments if world.now < moment < until)


def _held(item: Item) -> list[LineKey]:
    customer, hour = str(item["customerIdentifier"]), int(item["timestamp"])
    return [(customer, hour, name[len("held#") :]) for name in item if name.startswith("held#")]


def _is_undecided(item: Item, line: LineKey) -> bool:
    return f"released#{line[2]}" not in item and f"verdict#{line[2]}" not in item
