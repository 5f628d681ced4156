"""A day of the ledger against the seller's Daily Usage feed."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ledger.findings import STAGE, Finding, amount
from ledger.metering_records import MeteringRecords
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from marketplace.hour import SECONDS
from marketplace.products import Products
from marketplace.usage_feed import Reported, UsageFeed
from reconcile import kinds
from reconcile.books.by_customer import Book, Comparison
from reconcile.books.usage_rules import compare_day, metered
from runtime.clock import iso

DAY = 24 * SECONDS
#: A day is compared so long after its end: its lines are sent for less than 24 hours, and the feed has them within a
#: day after that. Half a day more, because a feed may be late.
DUE_AFTER = 2 * DAY + DAY // 2


def usage_book(records: MeteringRecords, subscribers: Subscribers, feed: UsageFeed, products: Products) -> Book:
    """The feed as a book, by day in UTC."""
    return Book(
        depth=kinds.USAGE,
        period=day_name,
        beginning=lambda at: int(at // DAY) * DAY,
        following=lambda start: start + DAY,
        due=lambda start: start + DAY + DUE_AFTER,
        open=lambda start: DayComparison(records, subscribers, feed, products, start),
        # A look reads a month's file.
        look_until=14 * DAY,
    )


def day_name(start: int) -> str:
    """``2026-11-15``."""
    return iso(start)[:10]


class DayComparison(Comparison):
    """One day. A feed without a row for the day is one finding of the stage, not one of each customer."""

    def __init__(
        self, records: MeteringRecords, subscribers: Subscribers, feed: UsageFeed, products: Products, start: int
    ) -> None:
        self._records = records
        self._products = products
        self._subscribers = subscribers
        self._start = start
        self._day = day_name(start)
        self._usage = feed.day(self._day)
        self._billed = False
        self._met: set[str] = set()

    def of(self, subscribers: Sequence[Subscriber]) -> Iterator[Finding]:
        """The differences of these customers' day."""
        for subscriber in subscribers:
            customer = subscriber.customer_identifier
            hours = self._records.of_customer(customer, self._start, self._start + DAY - 1)
            ours = metered(line for record in hours if record.state == "sealed" for line in record.lines.values())
            self._billed = self._billed or any(each.units for each in ours.values())
            if not self._usage.is_empty:
                yield from compare_day(customer, self._day, ours, self._reported(subscriber))

    def _reported(self, subscriber: Subscriber) -> dict[str, Reported]:
        """The feed's units of a customer: those of its agreement, and those of its account that no other customer of
        the account can have: it is alone, or only its product has the dimension.

        The user guide says of ``agreement_id`` that it may be null, or not match.
        """
        customer = subscriber.customer_identifier
        account = subscriber.account_id or self._usage.names.get(customer, "")
        self._met.add(account)
        found: dict[str, Reported] = {}
        others: list[Subscriber] | None = None
        for agreement, dimensions in self._usage.by_account.get(account, {}).items():
            is_own = agreement == subscriber.agreement_id and bool(agreement)
            if not is_own and others is None:
                others = self._others(account, customer)
            for dimension, reported in dimensions.items():
                if not is_own and others and not self._has_alone(subscriber, others, dimension):
                    continue
                known = found.get(dimension, Reported())
                found[dimension] = Reported(known.units + reported.units, known.rows + reported.rows)
        return found

    def _others(self, account: str, customer: str) -> list[Subscriber]:
        keys = [key for key in self._subscribers.with_account(account) if key != customer]
        return list(self._subscribers.get_many(keys)) if keys else []

    def _has_alone(self, subscriber: Subscriber, others: Sequence[Subscriber], dimension: str) -> bool:
        """Whether only this customer's product has the dimension, of all products that the account has bought."""
        mine, *theirs = (self._products.of(each.product_code) for each in (subscriber, *others))
        known = [product for product in theirs if product is not None]
        has = mine is not None and dimension in mine.dimensions
        return has and len(known) == len(theirs) and not any(dimension in each.dimensions for each in known)

    def rest(self) -> Iterator[Finding]:
        """No feed at all, accounts that are nobody's, and rows of an account that no agreement claims."""
        if self._usage.is_empty:
            if self._billed:
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
