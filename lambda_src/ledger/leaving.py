"""How a subscriber leaves: the times of an ended period, and the two writes that only final metering makes.

``final_metering`` says that nothing can be recorded any more (``ledger.subscriber_condition``), ``cancelled`` that
everything recorded has a name. Both hold for the last period only; a re-subscription opens a new one, and then neither
is written.
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

#: final usage is accepted by Marketplace for about an hour after the end (SaaS user guide, unsubscribe-pending)
GRACE_SECONDS = 60 * 60
#: the part of it that belongs to sealing and sending the last hour
MARGIN_SECONDS = 15 * 60
#: statuses that only final metering writes, for the period that it ends
FINAL: tuple[SubscriptionStatus, ...] = ("final_metering", "cancelled")


def grace_ends(end: int) -> int:
    """Until when Marketplace takes usage of a period that ended then (epoch seconds): it counts from the event's time,
    not from its notice's arrival."""
    return end + GRACE_SECONDS


def accepts_until(end: int) -> int:
    """From when on usage of a period that ended then (epoch seconds) is refused here."""
    return grace_ends(end) - MARGIN_SECONDS


@dataclass(frozen=True)
class EndedPeriod:
    """A period that has ended. next_start: when a re-subscription opened the next one, None for the last period."""

    end: int
    next_start: int | None = None

    @property
    def is_last(self) -> bool:
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
    """Write ``final_metering`` for the period that ended then; whether it was written now.

    Not where a re-subscription has opened a new period, nor where final metering's own word stands already. Raises
    SubscriberBusy.
    """

    def rule(current: Subscriber | None) -> Change | None:
        period = ended_period(current, end)
        if current is None or period is None or not period.is_last or current.status in FINAL:
            return None
        return Change({"subscriptionStatus": "final_metering"})

    return subscribers.change(customer_identifier, rule, now) is not None


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """The transaction that ends a subscription. ``subscribers_table``: its name."""

    client: "DynamoDBClient"
    subscribers_table: str
    balances: Balances

    def end(
        self, subscriber: Subscriber, balance: Balance, end: int, now: float, named: Sequence[Operation] = ()
    ) -> None:
        """Write ``cancelled``, and what remains as ended, in one transaction on what was read of both.

        named: operations of the same transaction, which say what became of lines that nobody will take any more. A
        re-subscription that comes first may have them taken, so they must not be written by themselves.

        Raises Cancelled where one of them has changed since, or the status is not this period's ``final_metering``:
        read again. Raises Contended.
        """
        write(self.client, [self._cancel(subscriber, end, now), self.balances.end_remainder(balance, end), *named])

    def _cancel(self, subscriber: Subscriber, end: int, now: float) -> Operation:
        period = ended_period(subscriber, end)
        if period is None or not period.is_last:
            raise ValueError("only the last period's end cancels")
        change = ItemUpdate(self.subscribers_table, {"customerIdentifier": subscriber.customer_identifier})
        # refusing usage has written a version, whoever made the item
        change.when(change.equals("version", subscriber.version), change.equals("subscriptionStatus", "final_metering"))
        values = {
            "subscriptionStatus": "cancelled",
            "version": subscriber.version + 1,
            "updatedAt": clock.iso(int(now)),
        }
        return change.set(values).operation()
