"""State 2, seal: freeze each closed hour's counts into lines, so that every attempt to send them sends the same.

An hour takes one transaction: the record on condition of its version, the balance of its own. A condition that fails
means that something was added or sealed in between: the sealer reads again. After two losses it closes the record to
additions first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.metering_record import MeteringRecord
from ledger.reading import RecordKey
from ledger.transaction import Cancelled, Contended, Operation, write
from marketplace.quantity import text
from metering.run import Count, confined_to_hour
from metering.seal.plan_seal import SealPlan, SealPlanner
from metering.seal.terms import Waiting
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.failure import described
from runtime.metric_names import MeteringMetric
from runtime.pause import Pause, full_jitter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ATTEMPTS = 20
#: After so many losses the record is set ``closing``: no addition succeeds any more, so the next attempt must win.
LOSSES_BEFORE_CLOSING = 2

logger = telemetry.logger("metering")


@dataclass(frozen=True, kw_only=True)
class Sealer:
    """Writes what the planner planned, and plans again where another writer was faster."""

    client: "DynamoDBClient"
    planner: SealPlanner
    clock: Clock
    count: Count
    pause: Pause = full_jitter

    def seal_hours(self, keys: Sequence[RecordKey]) -> dict[str, int]:
        """Seal these hours. Returns the counts of ``sealed``, ``waiting``, ``already`` sealed and ``failed`` ones.

        An hour that fails stays pending, counted and alarmed, and does not hold up the others.
        """
        counts = {"sealed": 0, "waiting": 0, "already": 0, "failed": 0}
        for customer_identifier, hour in keys:
            outcome = "failed"
            try:
                with confined_to_hour(customer_identifier, hour, self.count):
                    outcome = self.seal_hour(customer_identifier, hour)
            except Exception as error:
                logger.error("hour not sealed", customer=customer_identifier, hour=iso(hour), **described(error))
            counts[outcome] += 1
        return counts

    def seal_hour(self, customer_identifier: str, hour: int) -> str:
        """Seal one hour. Returns ``sealed``, ``already``, or ``waiting`` while identity or entitlements are missing.

        Raises Contended if it cannot win within its attempts, NotConserved if units would appear or vanish.
        """
        records = self.planner.records
        losses = 0
        for attempt in range(ATTEMPTS):
            record = records.get(customer_identifier, hour)
            if record is None or record.state == "sealed":
                return "already"
            if losses >= LOSSES_BEFORE_CLOSING and record.state == "open":
                record = records.close(customer_identifier, hour) or record
            plan = self.planner.plan(record, self.clock())
            if isinstance(plan, Waiting):
                logger.warning("hour waits", customer=customer_identifier, hour=iso(hour), reason=plan.reason)
                return "waiting"
            try:
                self._write(plan.operations)
            except Cancelled as cancelled:
                # Only the record's own loss counts: after a lost balance or next hour the planner just decides anew.
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
            self._log_and_count(record, plan)
            return "sealed"
        raise Contended(f"the hour {iso(hour)} of {customer_identifier} kept changing")

    def _write(self, operations: Sequence[Operation]) -> None:
        """A record that needs no balance is written without a transaction, which would cost twice."""
        if len(operations) == 1:
            self.planner.records.write(operations[0])
        else:
            write(self.client, operations)

    def _log_and_count(self, record: MeteringRecord, plan: SealPlan) -> None:
        """Logs each line, and counts what people have to know."""
        customer, hour, verdict = record.customer_identifier, iso(record.hour), plan.frozen.verdict
        for line in plan.frozen.lines:
            logger.info(
                "sealed",
                customer=customer,
                hour=hour,
                dimension=line.dimension,
                quantity=text(line.quantity),
                counted=text(line.counted),
                verdict=verdict,
            )
            if line.allocations.folded_sets:
                # The line is billed in full, but the buyer sees the units of these sets without their tags.
                logger.warning(
                    "tag sets folded",
                    customer=customer,
                    hour=hour,
                    dimension=line.dimension,
                    sets=line.allocations.folded_sets,
                    quantity=text(line.allocations.folded_units),
                )
                self.count(MeteringMetric.TAG_SETS_FOLDED, line.allocations.folded_sets)
        self._log_unusual(record, plan)
        if verdict == "not_sent":  # Expired lines are counted when the report copies them.
            self.count(MeteringMetric.LINES_NOT_SENT, len(plan.frozen.lines))
        if plan.capped:
            logger.error("more units than a line takes", customer=customer, dimensions=plan.capped)
            self.count(MeteringMetric.LINES_CAPPED, len(plan.capped))

    def _log_unusual(self, record: MeteringRecord, plan: SealPlan) -> None:
        for line in plan.frozen.lines:
            if (unusual := plan.unusual.get(line.dimension)) is None:
                continue
            logger.warning(
                "unusual hour",
                customer=record.customer_identifier,
                hour=iso(record.hour),
                dimension=line.dimension,
                quantity=text(line.quantity),
                counted=text(line.counted),
                usual=text(unusual.usual),
                times=text(unusual.times),
                held=line.hold is not None,
            )
        if plan.unusual:
            self.count(MeteringMetric.UNUSUAL_HOURS, 1)
