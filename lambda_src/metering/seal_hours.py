"""State 2, seal: freeze each closed hour's lines, so that whoever sends them, however often, sends the same.

One transaction per hour: record (on condition of its version) and balance (of its own). A lost condition means that
somebody added or sealed meanwhile: read again; after two losses the record is closed to adds first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.metering_record import FAILED, MeteringRecord
from ledger.pending_page import RecordKey
from ledger.quantity import text
from ledger.transaction import Cancelled, Contended, Operation, write
from metering.allocate_hour import report_folded
from metering.allowance import Waiting
from metering.count import OF_VERDICT, Count, nothing
from metering.freeze_hour import Freezer, FrozenHour
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.failure import described
from runtime.metric_names import MeteringMetric
from runtime.pause import Pause, full_jitter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ATTEMPTS = 20
#: after so many losses the record is set ``closing``: no add succeeds any more, so the next attempt must win
LOSSES_BEFORE_CLOSING = 2

logger = telemetry.logger("metering")


@dataclass(frozen=True, kw_only=True)
class Sealer:
    """``freezer`` says what an hour becomes, this writes it."""

    client: "DynamoDBClient"
    freezer: Freezer
    clock: Clock
    count: Count = nothing
    pause: Pause = full_jitter

    def seal_hours(self, keys: Sequence[RecordKey]) -> dict[str, int]:
        """Seal these hours; counts of ``sealed``, ``waiting``, ``already`` sealed and ``failed`` ones.

        An hour that fails stays pending, counted and alarmed, and does not hold up the others.
        """
        counts = {"sealed": 0, "waiting": 0, "already": 0, "failed": 0}
        for customer_identifier, hour in keys:
            try:
                counts[self.seal_hour(customer_identifier, hour)] += 1
            except Exception as error:
                logger.error("hour not sealed", customer=customer_identifier, hour=iso(hour), **described(error))
                counts["failed"] += 1
        return counts

    def seal_hour(self, customer_identifier: str, hour: int) -> str:
        """Seal one hour. ``waiting``: identity or entitlements are not known yet; the hour stays pending, and counted.

        Raises Contended if it cannot win within its attempts.
        """
        records = self.freezer.records
        losses = 0
        for attempt in range(ATTEMPTS):
            record = records.get(customer_identifier, hour)
            if record is None or record.state == "sealed":
                return "already"
            if losses >= LOSSES_BEFORE_CLOSING and record.state == "open":
                record = records.close(customer_identifier, hour) or record
            hour_frozen = self.freezer.freeze(record, self.clock())
            if isinstance(hour_frozen, Waiting):
                logger.warning("hour waits", customer=customer_identifier, hour=iso(hour), reason=hour_frozen.reason)
                return "waiting"
            try:
                self._write(hour_frozen.operations)
            except Cancelled as cancelled:
                # only the record's own loss counts: a lost balance or next hour is read again and decided anew
                losses += cancelled.reasons[0].failed
                logger.debug(
                    "seal lost",
                    customer=customer_identifier,
                    hour=iso(hour),
                    attempt=attempt,
                    lost=[number for number, reason in enumerate(cancelled.reasons) if reason.failed],
                )
                continue
            except Contended:
                losses += 1
                self.pause(attempt)
                continue
            self._report(record, hour_frozen)
            return "sealed"
        raise Contended(f"the hour {iso(hour)} of {customer_identifier} kept changing")

    def _write(self, operations: Sequence[Operation]) -> None:
        """A record that needs no balance is frozen without a transaction, which would cost twice."""
        if len(operations) == 1:
            self.freezer.records.write(operations[0])
        else:
            write(self.client, operations)

    def _report(self, record: MeteringRecord, hour_frozen: FrozenHour) -> None:
        """One log line per decision on money, and what somebody has to know."""
        ended = hour_frozen.frozen.verdict
        for line in hour_frozen.frozen.lines:
            logger.info(
                "sealed",
                customer=record.customer_identifier,
                hour=iso(record.hour),
                dimension=line.dimension,
                quantity=text(line.quantity),
                counted=text(line.counted),
                verdict=hour_frozen.frozen.verdict,
            )
        report_folded(record, hour_frozen.frozen.lines, self.count)
        if ended is not None and ended not in FAILED:  # those are counted with their copies
            self.count(OF_VERDICT[ended], len(hour_frozen.frozen.lines))
        if hour_frozen.capped:
            logger.error(
                "more units than a line takes", customer=record.customer_identifier, dimensions=hour_frozen.capped
            )
            self.count(MeteringMetric.LINES_CAPPED, len(hour_frozen.capped))
