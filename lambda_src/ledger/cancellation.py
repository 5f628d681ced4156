"""How a subscription ends: the times of an ended period, and the two statuses that only final metering writes.

The status ``final_metering`` says that nothing can be recorded any more (``accepts_usage``), ``cancelled`` that every
recorded unit has a verdict or a name. Both hold for the last period only: after a re-subscription neither is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.balance import Balance, Balances
from ledger.item_update import ItemUpdate
from ledger.subscriber import Period, Subscriber, SubscriptionStatus
from ledger.subscribers import Change, Subscribers
from ledger.transaction import Operation, write
from runtime import clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: Marketplace accepts final usage for about an hour after the end (SaaS user guide, unsubscribe-pending).
GRACE_SECONDS = 60 * 60
#: The part of it that we reserve for sealing and sending the last hour.
MARGIN_SECONDS = 15 * 60
#: Statuses that only final metering writes, for the period that it ends.
FINAL: tuple[SubscriptionStatus, ...] = ("final_metering", "cancelled")


def grace_ends(end: int) -> int:
    """The moment until which Marketplace takes usage of a period that ended at ``end`` (epoch seconds). The end is the
    event's time, not its notice's arrival."""
    return end + GRACE_SECONDS


def accepts_until(end: int) -> int:
    """The moment from which we refuse usage of a period that ended at ``end`` (epoch seconds)."""
    return grace_ends(end) - MARGIN_SECONDS


@dataclass(frozen=True)
class EndedPeriod:
    """A period that has ended. next_start: when a re-subscription opened the next one, None for the last period."""

    end: int
    next_start: int | None = None

    @property
    def is_last(self) -> bool:
        """Whether no re-subscription has opened a period after this one."""
        return self.next_start is None


def ended_period(subscriber: Subscriber | None, end: int) -> EndedPeriod | None:
    """The subscriber's period that ended at that second; None if none did (an end that was earlier took its place)."""
    periods = subscriber.active_periods if subscriber is not None else ()
    for number, period in enumerate(periods, start=1):
        if period.end == end:
            return EndedPeriod(end, periods[number].start if number < len(periods) else None)
    return None


def last_end(subscriber: Subscriber) -> int | None:
    """When the last period ended; None while it is open, or where there never was one."""
    last: Period | None = subscriber.active_periods[-1] if subscriber.active_periods else None
    return last.end if last is not None else None


def refuse_usage(subscribers: Subscribers, customer_identifier: str, end: int, now: float) -> bool:
    """Write ``final_metering`` for the period that ended then. Returns whether it was written now.

    It is not written after a re-subscription has opened a new period, nor over final metering's own statuses. Raises
    SubscriberBusy.
    """

    def rule(current: Subscriber | None) -> Change | None:
        period = ended_period(current, end)
        if current is None or period is None or not period.is_last or current.status in FINAL:
            return None
        return Change({"subscriptionStatus": "final_metering"})

    return subscribers.change(customer_identifier, rule, now) is not None


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """The transaction that ends a subscription. ``subscribers_table``: its name."""

    client: "DynamoDBClient"
    subscribers_table: str
    balances: Balances

    def end(
        self, subscriber: Subscriber, balance: Balance, end: int, now: float, named: Sequence[Operation] = ()
    ) -> None:
        """Write ``cancelled`` and the ended remainder in one transaction, if neither has changed since it was read.

        named: operations of the same transaction that store the verdicts of lines which can never be sent. A
        re-subscription that comes first may have them sent, so they must not be written by themselves.

        Raises Cancelled where one of them has changed, or the status is not this period's ``final_metering``: read
        again. Raises Contended.
        """
        write(self.client, [self._cancel(subscriber, end, now), self.balances.end_remainder(balance, end), *named])

    def _cancel(self, subscriber: Subscriber, end: int, now: float) -> Operation:
        period = ended_period(subscriber, end)
        if period is None or not period.is_last:
            raise ValueError("only the last period's end cancels")
        change = ItemUpdate(self.subscribers_table, {"customerIdentifier": subscriber.customer_identifier})
        # The item has a version: refuse_usage has written one.
        change.when(change.equals("version", subscriber.version), change.equals("subscriptionStatus", "final_metering"))
        values = {
            "subscriptionStatus": "cancelled",
            "version": subscriber.version + 1,
            "updatedAt": clock.iso(int(now)),
        }
        return change.set(values).operation()
