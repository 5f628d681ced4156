"""People and the reconciliation, who resolve failed lines, and people who pause: actors like all others."""

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.carry import Carrier
from ledger.line_resolution import NotResolvable, confirm_lost, confirm_on_file, retry, write_off
from ledger.metering_record import MeteringRecord
from ledger.pauses import STAGE, Pause
from ledger.tables import METERING_RECORDS, SUBSCRIBERS
from ledger.transaction import Cancelled, Contended, Operation, write
from tests.simulation.actors import Actor
from tests.simulation.call_judge import LineKey

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

#: CloudTrail shows a call after a quarter of an hour.
LOG_DELAY = 900
#: No function lives longer than this (Lambda's quota); clocks differ by three seconds.
LONGEST_FUNCTION = 15 * 60 + 10
FAILED = ("conflict", "expired", "presumed_on_file")
_TRIES = 3


class People:
    """What people and the reconciliation do, each as an actor."""

    def __init__(self, world: "Protocol") -> None:
        self._world = world

    def failed_lines(self) -> list[LineKey]:
        """Lines that nobody has decided about yet."""
        found = []
        for item in self._world.store.items(METERING_RECORDS.name):
            for name in item.get("lines", {}):
                verdict = item.get(f"verdict#{name}", {})
                if verdict.get("verdict") in FAILED and verdict.get("resolution") in (None, "lost"):
                    found.append((str(item["customerIdentifier"]), int(item["timestamp"]), name))
        return found

    def decides(self, line: LineKey, what: str, skew: float = 0.0) -> Actor:
        """A person carries, retries or writes off a line, and tries again where that was disturbed."""
        world = self._world
        carrier = Carrier(
            records=world.records,
            balances=world.balances,
            subscriber=world.subscribers.get,
            subscribers_table=SUBSCRIBERS.name,
            dimensions=world.dimensions,
        )

        def operations(record: MeteringRecord) -> list[Operation]:
            now, table = world.clock(), METERING_RECORDS.name
            if what == "carry":
                return carrier.plan(record, line[2], now).operations
            return [(retry if what == "retry" else write_off)(table, record, line[2], now=now)]

        return world.scheduler.spawn("person", lambda: self._resolve(line, operations), skew)

    def reconciles(self, line: LineKey, on_file: Decimal | None, complete_until: float, skew: float = 0.0) -> Actor:
        """The reconciliation confirms a line by what it has read of Marketplace's log before."""

        def operations(record: MeteringRecord) -> list[Operation]:
            now, table = self._world.clock(), METERING_RECORDS.name
            if on_file is not None and on_file == record.lines[line[2]].quantity:
                return [confirm_on_file(table, record, line[2], now=now)]
            return [confirm_lost(table, record, line[2], now=now, complete_until=complete_until)]

        return self._world.scheduler.spawn("reconciler", lambda: self._resolve(line, operations), skew)

    def pauses(self, whom: str) -> Actor:
        """A person pauses a customer or the stage, or ends the pause."""
        world = self._world

        def work() -> None:
            found = world.pauses.read().pauses
            with suppress(Cancelled, Contended):
                if whom in found:
                    write(world.dynamodb.meta.client, [world.pauses.resume(whom, found[whom])])
                else:
                    write(world.dynamodb.meta.client, [world.pauses.pause(whom, Pause(world.clock(), "ann", "why"))])

        return world.scheduler.spawn("person", work)

    def resume_all(self) -> None:
        """Every pause ends."""
        world = self._world
        for whom, pause in world.pauses.read().pauses.items():
            write(world.dynamodb.meta.client, [world.pauses.resume(whom, pause)])

    def _resolve(self, line: LineKey, operations: Any) -> None:
        world = self._world
        for _ in range(_TRIES):
            record = world.records.get(line[0], line[1])
            assert record is not None
            with suppress(NotResolvable, Cancelled, Contended):
                write(world.dynamodb.meta.client, operations(record))
                return


#: Whom a pause may be of, beside each customer.
EVERYBODY = STAGE
