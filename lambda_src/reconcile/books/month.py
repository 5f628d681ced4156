"""A month of the ledger against the invoices of AWS Marketplace, at list price."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from ledger.findings import Finding
from ledger.metering_records import MeteringRecords
from ledger.subscriber import Subscriber
from marketplace.hour import SECONDS, month_of, next_month_start
from marketplace.invoices import Invoiced, Invoices
from marketplace.products import Products
from reconcile import kinds
from reconcile.books.by_customer import Book, Comparison, start_of
from reconcile.books.invoice_rules import compare_month
from reconcile.calls.rules import BILLED

#: Metered usage is invoiced on the 2nd or 3rd of the next month; it is compared from the 4th on.
DUE_AFTER = 3 * 24 * SECONDS
#: More than the hours of a month.
HOURS = 31 * 24


def invoice_book(records: MeteringRecords, invoices: Invoices, products: Products, currency: str) -> Book:
    """The invoices as a book, by month in UTC."""
    return Book(
        depth=kinds.INVOICES,
        period=month_of,
        beginning=lambda at: start_of(month_of(at)),
        following=next_month_start,
        due=lambda start: next_month_start(start) + DUE_AFTER,
        open=lambda start: MonthComparison(records, invoices, products, currency, start),
        look_until=75 * 24 * SECONDS,
    )


class MonthComparison(Comparison):
    """One month: usage belongs to the month of its hour, whenever in the 24 hours after it was sent."""

    def __init__(
        self,
        records: MeteringRecords,
        invoices: Invoices,
        products: Products,
        currency: str,
        start: int,
    ) -> None:
        self._records = records
        self._invoices = invoices
        self._products = products
        self._currency = currency
        self._start = start

    def of(self, subscribers: Sequence[Subscriber]) -> Iterator[Finding]:
        """The differences of these customers' month. A customer without an agreement has no invoice that we can ask
        for."""
        month, last = month_of(self._start), next_month_start(self._start) - 1
        for subscriber in subscribers:
            if not subscriber.agreement_id:
                continue
            units: dict[str, Decimal] = defaultdict(Decimal)
            for record in self._records.of_customer(subscriber.customer_identifier, self._start, last, HOURS):
                for line in record.lines.values():
                    if line.verdict in BILLED:
                        units[line.dimension] += line.quantity
            invoiced = self._invoices.of_month(subscriber.agreement_id, month) or Invoiced(charged={}, adjusted={})
            product = self._products.of(subscriber.product_code)
            sold = product.dimensions if product else {}
            found = compare_month(subscriber.customer_identifier, month, units, invoiced, sold, self._currency)
            if found:
                yield found
