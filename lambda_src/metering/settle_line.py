"""Store lines' verdicts, say so in the log, and tidy their record if those were the last ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ledger.line_verdict import LineVerdict
from ledger.metering_record import FAILED, Line, MeteringRecord
from ledger.quantity import text
from ledger.settlement import Settlement
from marketplace.meter_usage import Answer
from metering.count import OF_VERDICT, Count, nothing
from metering.settle_rules import detail_of, verdict_of
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.metric_names import MeteringMetric

logger = telemetry.logger("metering")


@dataclass(frozen=True)
class LineSettler:
    """Settles the lines of one record: together where that can be, else each by a conditional write of its own."""

    settlement: Settlement
    clock: Clock
    count: Count = nothing

    def answers(
        self,
        record: MeteringRecord,
        answers: Mapping[str, Answer],
        attempt: str,
        status_changed_at: int | None,
        advised_since: str | None = None,
    ) -> dict[str, str]:
        """Settle what Marketplace answered to an attempt, by dimension; the verdicts that were taken for it.

        record: as the attempt was noted on it. status_changed_at, advised_since: the subscriber's, as read before the
        call. A status that the model does not have is left out: such a line is not answered.
        """
        verdicts: dict[str, LineVerdict] = {}
        for dimension, answer in answers.items():
            others = record.lines[dimension].attempts - {attempt}
            verdict = verdict_of(answer.status, unanswered_others=bool(others))
            if verdict is None:
                logger.error("unknown status", status=answer.status[:40])
                continue
            verdicts[dimension] = LineVerdict(
                verdict=verdict,
                status_changed_at=status_changed_at,
                metering_record_id=answer.metering_record_id,
                detail=detail_of(verdict, advised_since),
                only_if_sole_attempt=verdict == "conflict",
            )
        if verdicts and self._together(record, verdicts, attempt):
            return {dimension: line.verdict for dimension, line in verdicts.items()}
        return {d: self._alone(record, record.lines[d], line, attempt) for d, line in verdicts.items()}

    def verdict(
        self, record: MeteringRecord, line: Line, verdict: str, *, attempt: str | None = None, **details: Any
    ) -> bool:
        """Store one line's verdict; False if it holds a higher one or a condition fails. details: ``LineVerdict``'s."""
        after = self.settlement.settle(record, line.dimension, verdict, now=self.clock(), attempt=attempt, **details)
        if after is None:
            return False
        self._tell(record, line, LineVerdict(verdict=verdict, **details))
        self.settlement.tidy(after)
        return True

    def _together(self, record: MeteringRecord, verdicts: Mapping[str, LineVerdict], attempt: str) -> bool:
        after = self.settlement.settle_together(record, verdicts, now=self.clock(), attempt=attempt)
        if after is None:
            return False
        self.tell(record, verdicts)
        self.settlement.tidy(after)
        return True

    def tell(self, record: MeteringRecord, verdicts: Mapping[str, LineVerdict]) -> None:
        """Say what was stored."""
        for dimension, line_verdict in verdicts.items():
            self._tell(record, record.lines[dimension], line_verdict)

    def _alone(self, record: MeteringRecord, line: Line, wanted: LineVerdict, attempt: str) -> str:
        given = {name: value for name, value in vars(wanted).items() if name != "verdict"}
        if not self.verdict(record, line, wanted.verdict, attempt=attempt, **given) and wanted.verdict == "conflict":
            # another attempt is unanswered that was not when this one was noted
            wanted = replace(wanted, verdict="presumed_on_file", only_if_sole_attempt=False)
            self.verdict(record, line, wanted.verdict, attempt=attempt, metering_record_id=wanted.metering_record_id)
        return wanted.verdict

    def _tell(self, record: MeteringRecord, line: Line, settled: LineVerdict) -> None:
        """Counted and logged. A failed line is counted with its copy (``metering.copy_failed``): who writes a verdict
        may die right after it, or not learn that it is written. A line of nothing (an hourly zero) wakes nobody."""
        if not line.quantity and settled.verdict in ("rejected", *FAILED):
            self.count(MeteringMetric.ZERO_LINES_FAILED, 1)
        elif settled.verdict in OF_VERDICT and settled.verdict not in FAILED:
            self.count(OF_VERDICT[settled.verdict], 1)
        logger.info(
            "settled",
            customer=record.customer_identifier,
            hour=iso(record.hour),
            dimension=line.dimension,
            quantity=text(line.quantity),
            verdict=settled.verdict,
            detail=settled.detail,
            meteringRecordId=settled.metering_record_id,
        )
