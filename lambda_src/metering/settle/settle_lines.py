"""Settle lines: decide what Marketplace's answers mean, store the verdicts, log them, and tidy an ended record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from ledger.line_verdict import LineVerdict
from ledger.metering_record import FAILED, MeteringRecord
from ledger.settlement import Settlement
from marketplace.meter_usage import Answer
from marketplace.quantity import text
from metering.run import Count
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.metric_names import MeteringMetric

#: The three values of ``UsageRecordResult.Status`` (botocore model).
SUCCESS = "Success"
NOT_SUBSCRIBED = "CustomerNotSubscribed"
DUPLICATE = "DuplicateRecord"

#: The metric that counts lines with a verdict.
OF_VERDICT = {
    "billed": MeteringMetric.LINES_BILLED,
    "rejected": MeteringMetric.LINES_REJECTED,
    "not_sent": MeteringMetric.LINES_NOT_SENT,
    "conflict": MeteringMetric.LINES_CONFLICT,
    "expired": MeteringMetric.LINES_EXPIRED,
    "presumed_on_file": MeteringMetric.LINES_PRESUMED_ON_FILE,
}

#: Hears of a line that was billed: its product's code, its dimension, and its quantity in billed units.
Billed = Callable[[str | None, str, Decimal], None]

logger = telemetry.logger("metering")


def unheard(_product_code: str | None, _dimension: str, _quantity: Decimal) -> None:
    """For those who do not ask what was billed."""


@dataclass(frozen=True)
class LineSettler:
    """Stores the verdicts of one record's lines: in one write where that can be, else each by a write of its own."""

    settlement: Settlement
    clock: Clock
    count: Count
    billed: Billed = unheard

    def settle_answers(
        self,
        record: MeteringRecord,
        answers: Mapping[str, Answer],
        attempt: str,
        *,
        status_changed_at: int | None,
        advised_since: str | None,
    ) -> set[str]:
        """Settle what Marketplace answered to an attempt, by dimension. Returns the dimensions with a known answer.

        record: with the attempt stored on it. status_changed_at, advised_since: the subscriber's, as read before the
        call. A line whose status the service model does not have counts as not answered.
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
                request_id=answer.request_id,
                detail=detail_of(verdict, advised_since),
                only_if_sole_attempt=verdict == "conflict",
            )
        if verdicts and not self._settle_together(record, verdicts, attempt):
            for dimension, line_verdict in verdicts.items():
                self._settle_alone(record, dimension, line_verdict, attempt)
        return set(verdicts)

    def settle(self, record: MeteringRecord, dimension: str, verdict: LineVerdict, attempt: str | None = None) -> bool:
        """Store one line's verdict; False if the line holds a higher one or a condition of the verdict fails.

        attempt: the attempt that it answers, which the same write removes.
        """
        after = self.settlement.settle(record, dimension, now=self.clock(), attempt=attempt, **vars(verdict))
        if after is None:
            return False
        self.log_and_count(record, {dimension: verdict})
        self.settlement.tidy(after)
        return True

    def _settle_together(self, record: MeteringRecord, verdicts: Mapping[str, LineVerdict], attempt: str) -> bool:
        after = self.settlement.settle_together(record, verdicts, now=self.clock(), attempt=attempt)
        if after is None:
            return False
        self.log_and_count(record, verdicts)
        self.settlement.tidy(after)
        return True

    def _settle_alone(self, record: MeteringRecord, dimension: str, verdict: LineVerdict, attempt: str) -> None:
        if not self.settle(record, dimension, verdict, attempt) and verdict.verdict == "conflict":
            # Another attempt is unanswered that was not when this one was stored.
            presumed = replace(verdict, verdict="presumed_on_file", only_if_sole_attempt=False)
            self.settle(record, dimension, presumed, attempt)

    def log_and_count(self, record: MeteringRecord, verdicts: Mapping[str, LineVerdict]) -> None:
        """Log and count verdicts that were stored.

        ``copy_failed`` counts failed lines, because a crash here would lose the count. A failed line of 0 (an hourly
        zero) never alarms.
        """
        for dimension, verdict in verdicts.items():
            line = record.lines[dimension]
            if not line.quantity and verdict.verdict in ("rejected", *FAILED):
                self.count(MeteringMetric.ZERO_LINES_FAILED, 1)
            elif verdict.verdict in OF_VERDICT and verdict.verdict not in FAILED:
                self.count(OF_VERDICT[verdict.verdict], 1)
            if verdict.verdict == "billed":
                self.billed(record.product_code, dimension, line.quantity)
            logger.info(
                "settled",
                customer=record.customer_identifier,
                hour=iso(record.hour),
                dimension=dimension,
                quantity=text(line.quantity),
                verdict=verdict.verdict,
                detail=verdict.detail,
                meteringRecordId=verdict.metering_record_id,
                requestId=verdict.request_id,
            )


def verdict_of(status: str, *, unanswered_others: bool) -> str | None:
    """The verdict for a status; None for one that the service model does not have.

    DuplicateRecord: another quantity is on file for this hour, a ``conflict``; unless another attempt of ours is
    unanswered, which may have put our own there (by one reading of the documentation an identical resend is answered
    so). Then it is ``presumed_on_file``, and a person looks in CloudTrail.
    """
    if status == DUPLICATE:
        return "presumed_on_file" if unanswered_others else "conflict"
    return {SUCCESS: "billed", NOT_SUBSCRIBED: "not_subscribed"}.get(status)


def detail_of(verdict: str, advised_since: str | None) -> str | None:
    """What people should know beside a verdict. Marketplace answers ``CustomerNotSubscribed`` also for a buyer whose
    account AWS suspects of closure, compromise or fraud (UsageRecordResult: "or the account is suspended").

    advised_since: since when an advisory has been open for the buyer; None if there is none.
    """
    if verdict != "not_subscribed" or advised_since is None:
        return None
    return f"AWS Marketplace has had an advisory open for this buyer since {advised_since}"
