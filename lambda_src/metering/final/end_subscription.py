"""Final metering, last state: every unit that was recorded has a named state, so the subscription is ``cancelled``."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ledger.balance import Balances
from ledger.cancellation import Cancellation, ended_period
from ledger.line_verdict import LineVerdict
from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.transaction import MAX_OPERATIONS, Cancelled, Contended
from marketplace.products import Products
from marketplace.quantity import text
from metering.final.final_rules import cannot_be_sent, first_hour
from metering.run import confined_to_hour
from metering.seal.seal_rules import billable
from metering.settle.settle_lines import LineSettler
from runtime import telemetry
from runtime.clock import iso
from runtime.metric_names import MeteringMetric
from runtime.pause import Pause, full_jitter

#: How the attempt to end a subscription went.
#: ended: cancelled now. open: an hour is not sealed yet, or a sum does not hold, look again. not_its_turn: a new period
#: has begun, or the subscription is cancelled already.
Outcome = Literal["ended", "open", "not_its_turn"]

ATTEMPTS = 12
#: The most records that the transaction settles beside the subscriber and the balance. If there are more hours beyond
#: the grace, the hourly runs end them at their deadline.
MOST = MAX_OPERATIONS - 2
#: The verdict of lines that no hour of the grace could take.
AFTER_GRACE = LineVerdict(verdict="expired", detail="hour begins after the grace", only_if_never_attempted=True)

logger = telemetry.logger("metering")


@dataclass(frozen=True, kw_only=True)
class SubscriptionEnder:
    """Ends subscriptions. products: tell whether a remainder makes a billed unit."""

    records: MeteringRecords
    subscribers: Subscribers
    balances: Balances
    cancellation: Cancellation
    settler: LineSettler
    products: Products
    pause: Pause = full_jitter

    def end_subscription(self, customer_identifier: str, end: int) -> Outcome:
        """End the period that ended at ``end``: expire what can never be sent, name the remainder, and cancel.

        Raises Contended if subscriber or balance keep changing.
        """
        for attempt in range(ATTEMPTS):
            subscriber = self.subscribers.get(customer_identifier, consistent=True)
            period = ended_period(subscriber, end)
            if subscriber is None or period is None or not period.is_last:
                return "not_its_turn"
            # The balance is read before the records, so that a seal in between leaves another version of it.
            balance = self.balances.get(customer_identifier)
            if subscriber.status == "cancelled":
                # The execution that cancelled may have crashed before it reported the remainder.
                remainder = {name: units for (name, at), units in balance.ended.items() if at == end}
                self._log_remainder(subscriber, end, remainder)
                return "not_its_turn"
            if subscriber.status != "final_metering":
                return "not_its_turn"
            unsettled, unreadable = self.records.unsettled(customer_identifier, first_hour(end))
            if unreadable or any(record.state != "sealed" for record in unsettled):
                return "open"
            now = self.settler.clock()
            expired = [(record, verdicts) for record in unsettled if (verdicts := _expired(record, end, now))][:MOST]
            operations = [self.settler.settlement.operation(record, verdicts, now=now) for record, verdicts in expired]
            ended = False
            try:
                with confined_to_hour(customer_identifier, end, self.settler.count):
                    self.cancellation.end(subscriber, balance, end, now, operations)
                    ended = True
            except Cancelled:
                continue
            except Contended:
                self.pause(attempt)
                continue
            if not ended:
                return "open"
            for record, verdicts in expired:
                self.settler.log_and_count(record, verdicts)
            self._log_remainder(subscriber, end, balance.remainder)
            return "ended"
        raise Contended(f"the subscription of {customer_identifier} kept changing")

    def _log_remainder(self, subscriber: Subscriber, end: int, left: Mapping[str, Decimal]) -> None:
        """Logs the remainder, and counts dimensions in which it makes a billed unit: an hour should have billed it."""
        remainder = {name: text(units) for name, units in left.items() if units}
        customer, product = subscriber.customer_identifier, self.products.of(subscriber.product_code)
        logger.info("subscription ended", customer=customer, ended=iso(end), remainder=remainder)
        sold = product.dimensions if product else {}
        unbilled = [n for n, d in sold.items() if billable(d, left.get(n, Decimal(0)))]
        if unbilled:
            logger.error("a cancelled customer's remainder was not billed", customer=customer, dimensions=unbilled)
            self.settler.count(MeteringMetric.REMAINDERS_UNBILLED, len(unbilled))


def _expired(record: MeteringRecord, end: int, now: float) -> dict[str, LineVerdict]:
    """Verdicts of the lines that no hour of the grace can take and that were never sent, by dimension."""
    if not cannot_be_sent(record, end, now):
        return {}
    return {name: AFTER_GRACE for name, line in record.lines.items() if line.verdict is None and not line.attempts}
