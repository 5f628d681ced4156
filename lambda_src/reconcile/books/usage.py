"""A day of the ledger against the seller's Daily Usage feed."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from ledger.findings import STAGE, Finding, amount
from ledger.metering_records import MeteringRecords
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from marketplace.hour import SECONDS
from marketplace.usage_feed import Reported, UsageFeed
from reconcile import kinds
from reconcile.books.by_customer import Book, Comparison
from reconcile.books.usage_rules import compare_day, metered
from runtime.clock import iso

DAY = 24 * SECONDS
#: A day is compared so long after its end: its lines are sent for less than 24 hours, and the feed has them within a
#: day after that. Half a day more, because a feed may be late.
DUE_AFTER = 2 * DAY + DAY // 2


def usage_book(records: MeteringRecords, subscribers: Subscribers, feed: UsageFeed) -> Book:
    """The feed as a book, by day in UTC."""
    return Book(
        depth=kinds.USAGE,
        period=day_name,
        beginning=lambda at: int(at // DAY) * DAY,
        following=lambda start: start + DAY,
        due=lambda start: start + DAY + DUE_AFTER,
        open=lambda start: DayComparison(records, subscribers, feed, start),
        # A look reads a month's file.
        look_until=14 * DAY,
    )


def day_name(start: int) -> str:
    """``2026-11-15``."""
    return iso(start)[:10]


class DayComparison(Comparison):
    """One day. A feed without a row for the day is one finding of the stage, not one of each customer."""

    def __init__(self, records: MeteringRecords, subscribers: Subscribers, feed: UsageFeed, start: int) -> None:
        super().__init__()
        self._records = records
        self._subscribers = subscribers
        self._start = start
        self._day = day_name(start)
        self._usage = feed.day(self._day)
        self._met: set[str] = set()

    def of(self, subscribers: Sequence[Subscriber]) -> Iterator[Finding]:
        """The differences of these customers' day."""
        for subscriber in subscribers:
            customer = subscriber.customer_identifier
            hours = self._records.of_customer(customer, self._start, self._start + DAY - 1)
            ours = metered(line for record in hours if record.state == "sealed" for line in record.lines.values())
            if any(each.units for each in ours.values()):
                self.facts["billed"] = True
            if not self._usage.is_empty:
                yield from compare_day(customer, self._day, ours, self._reported(subscriber))

    def _reported(self, subscriber: Subscriber) -> dict[str, Reported]:
        """The feed's units of a customer: those of its agreement, and of its account where no other customer has one.

        The user guide says of ``agreement_id`` that it may be null, or not match.
        """
        customer = subscriber.customer_identifier
        account = subscriber.account_id or self._usage.names.get(customer, "")
        self._met.add(account)
        found: dict[str, Reported] = {}
        alone: bool | None = None
        for agreement, dimensions in self._usage.by_account.get(account, {}).items():
            if agreement != subscriber.agreement_id or not agreement:
                if alone is None:
                    alone = len(self._subscribers.with_account(account)) <= 1
                if not alone:
                    continue
            for dimension, reported in dimensions.items():
                known = found.get(dimension, Reported())
                found[dimension] = Reported(known.units + reported.units, known.rows + reported.rows)
        return found

    def recall(self, found: Iterable[Finding]) -> None:
        """A day whose feed was missed has billed usage."""
        if any(each.kind == kinds.NO_DATA for each in found):
            self.facts["billed"] = True

    def rest(self) -> Iterator[Finding]:
        """No feed at all, accounts that are nobody's, and rows of an account that no agreement claims."""
        if self._usage.is_empty:
            if self.facts.get("billed"):
                yield self._of_stage("", kinds.NO_DATA, None)
            return
        for guid in sorted(self._usage.unknown):
            yield self._of_stage(guid, kinds.UNATTRIBUTED, None)
        for account, agreements in sorted(self._usage.by_account.items()):
            owners = () if account in self._met else self._subscribers.with_account(account)
            if account not in self._met and not owners:
                total = sum((each.units for found in agreements.values() for each in found.values()), Decimal(0))
                yield self._of_stage(account, kinds.UNATTRIBUTED, amount(total))

    def _of_stage(self, account: str, kind: str, theirs: str | None) -> Finding:
        """A finding that is no customer's; the account stands in the place of a dimension."""
        return Finding(subject=STAGE, depth=kinds.USAGE, period=self._day, dimension=account, kind=kind, theirs=theirs)
