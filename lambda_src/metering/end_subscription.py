"""Final metering, last state: everything recorded has a name, so the subscription is ``cancelled``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from ledger.balance import Balances
from ledger.leaving import Leaving, ended_period
from ledger.line_verdict import LineVerdict
from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.quantity import text
from ledger.subscribers import Subscribers
from ledger.transaction import MAX_OPERATIONS, Cancelled, Contended
from marketplace.dimensions import Dimension
from metering.count import Count, nothing
from metering.final_rules import cannot_be_sent, first_hour
from metering.seal_rules import billable
from metering.settle_line import LineSettler
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.metric_names import MeteringMetric
from runtime.pause import Pause, full_jitter

#: ended: cancelled now. open: an hour is not sealed yet, look again. not_its_turn: a new period has begun, or the
#: subscription is cancelled already
Outcome = Literal["ended", "open", "not_its_turn"]

ATTEMPTS = 12
#: records that one transaction names beside the subscriber and the balance; more than this many hours beyond the grace
#: are the hourly runs' to end at their deadline
MOST = MAX_OPERATIONS - 2
#: why a line ended that no hour of the grace could take
AFTER_GRACE = "hour begins after the grace"

logger = telemetry.logger("metering")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What ending needs."""

    records: MeteringRecords
    subscribers: Subscribers
    balances: Balances
    leaving: Leaving
    settler: LineSettler
    clock: Clock
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)
    count: Count = nothing
    pause: Pause = full_jitter

    def end_subscription(self, customer_identifier: str, end: int) -> Outcome:
        """End the period that ended at ``end``: name what can never be sent, and what remains, and cancel.

        Raises Contended if subscriber or balance keep changing.
        """
        for attempt in range(ATTEMPTS):
            subscriber = self.subscribers.get(customer_identifier, consistent=True)
            period = ended_period(subscriber, end)
            if subscriber is None or period is None or not period.is_last:
                return "not_its_turn"
            # the balance before the records: a seal that comes between leaves another version
            balance = self.balances.get(customer_identifier)
            if subscriber.status == "cancelled":
                # whoever wrote that may have died before it told what remained
                self._tell(customer_identifier, end, {n: v for (n, at), v in balance.ended.items() if at == end})
            if subscriber.status != "final_metering":
                return "not_its_turn"
            unsettled, unreadable = self.records.unsettled(customer_identifier, first_hour(end))
            if unreadable or any(record.state != "sealed" for record in unsettled):
                return "open"
            now = self.clock()
            named = [(record, verdicts) for record in unsettled if (verdicts := _named(record, end, now))][:MOST]
            operations = [self.settler.settlement.operation(*one, now=now) for one in named]
            try:
                self.leaving.end(subscriber, balance, end, now, operations)
            except Cancelled:
                continue
            except Contended:
                self.pause(attempt)
                continue
            for record, verdicts in named:
                self.settler.tell(record, verdicts)
            self._tell(customer_identifier, end, balance.remainder)
            return "ended"
        raise Contended(f"the subscription of {customer_identifier} kept changing")

    def _tell(self, customer_identifier: str, end: int, left: Mapping[str, Decimal]) -> None:
        """A remainder is less than a billed unit as a rule; where it is not, somebody has to know."""
        remainder = {name: text(value) for name, value in left.items() if value}
        logger.info("subscription ended", customer=customer_identifier, ended=iso(end), remainder=remainder)
        unbilled = [n for n, d in self.dimensions.items() if billable(d, left.get(n, Decimal(0)))]
        if unbilled:
            logger.error("a leaver's remainder was not billed", customer=customer_identifier, dimensions=unbilled)
            self.count(MeteringMetric.REMAINDERS_UNBILLED, len(unbilled))


def _named(record: MeteringRecord, end: int, now: float) -> dict[str, LineVerdict]:
    """What is said of lines that no hour of the grace can take, and that were never sent."""
    if not cannot_be_sent(record, end, now):
        return {}
    expired = LineVerdict(verdict="expired", detail=AFTER_GRACE, only_if_never_attempted=True)
    return {name: expired for name, line in record.lines.items() if line.verdict is None and not line.attempts}
