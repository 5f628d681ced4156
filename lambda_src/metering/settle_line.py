"""Store a line's verdict, say so in the log, and tidy its record if that was the last one."""

from dataclasses import dataclass

from ledger.metering_record import Line, MeteringRecord
from ledger.quantity import text
from ledger.settlement import Settlement
from marketplace.meter_usage import Answer
from metering.count import OF_VERDICT, Count, nothing
from metering.settle_rules import verdict_of
from runtime import telemetry
from runtime.clock import Clock, iso

logger = telemetry.logger("metering")


@dataclass(frozen=True)
class LineSettler:
    """Settles lines, one conditional write each."""

    settlement: Settlement
    clock: Clock
    count: Count = nothing

    def answer(
        self, record: MeteringRecord, line: Line, answer: Answer, attempt: str, status_changed_at: int | None
    ) -> str | None:
        """Settle what Marketplace answered to an attempt. The verdict; None for a status that the model does not have.

        status_changed_at: the subscriber's, as read before the call.
        """
        verdict = verdict_of(answer.status, unanswered_others=False)
        if verdict is None:
            logger.error("unknown status", status=answer.status[:40])
            return None
        stored = self.verdict(
            record,
            line,
            verdict,
            attempt=attempt,
            status_changed_at=status_changed_at,
            metering_record_id=answer.metering_record_id,
            only_if_sole_attempt=verdict == "conflict",
        )
        if not stored and verdict == "conflict":
            verdict = "presumed_on_file"
            self.verdict(record, line, verdict, attempt=attempt, metering_record_id=answer.metering_record_id)
        return verdict

    def verdict(
        self,
        record: MeteringRecord,
        line: Line,
        verdict: str,
        *,
        attempt: str | None = None,
        status_changed_at: int | None = None,
        metering_record_id: str | None = None,
        detail: str | None = None,
        only_if_sole_attempt: bool = False,
        only_if_never_attempted: bool = False,
    ) -> bool:
        """Store a verdict; False if the line holds a higher one or a condition fails (see ledger.settlement)."""
        after = self.settlement.settle(
            record,
            line.dimension,
            verdict,
            now=self.clock(),
            attempt=attempt,
            status_changed_at=status_changed_at,
            metering_record_id=metering_record_id,
            detail=detail,
            only_if_sole_attempt=only_if_sole_attempt,
            only_if_never_attempted=only_if_never_attempted,
        )
        if after is None:
            return False
        if verdict in OF_VERDICT:
            self.count(OF_VERDICT[verdict], 1)
        logger.info(
            "settled",
            customer=record.customer_identifier,
            hour=iso(record.hour),
            dimension=line.dimension,
            quantity=text(line.quantity),
            verdict=verdict,
            detail=detail,
            meteringRecordId=metering_record_id,
        )
        self.settlement.tidy(after)
        return True
