"""Reads what a summary is made of, within bounds: a query for each month, and one item for the balance.

A month has at most 744 records of about a kilobyte, so a page of a customer that is busy in every hour reads a megabyte
a month. The reads are eventually consistent, which costs half, and leave out months before the first activation.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from buyer.access import decide
from buyer.access_terms import AccessRules, Question
from buyer.usage_page.summary import Summary, last_hours, past_month, running_month
from ledger.balance import Balances
from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.subscriber import Subscriber
from marketplace.hour import SECONDS, month_of, next_month_start
from marketplace.products import Products
from runtime import clock
from runtime.api_error import ApiError

MOST_HOURS = 31 * 24


@dataclass(frozen=True, kw_only=True)
class Summaries:
    """Makes the summaries of a stage. history: months before the running one."""

    records: MeteringRecords
    balances: Balances
    products: Products
    access: AccessRules
    currency: str
    history: int

    def of(self, found: Subscriber, now: float) -> Summary:
        """The summary of a customer at ``now``. Raises ApiError not_found if the stage does not sell its product."""
        product = self.products.of(found.product_code)
        if product is None:
            raise ApiError(404, "not_found", "The stage does not sell this customer's product any more.")
        names = month_names(now, self.history, since=found.active_periods[0].start if found.active_periods else None)
        # The balance first: an hour that is sealed in between must not be taken from the allowance twice.
        balance = self.balances.get(found.customer_identifier)
        records = {name: self._records(found.customer_identifier, name) for name in names}
        running, *past = names
        return Summary(
            subscriber=found,
            product=product,
            access=decide([found], Question(products=self.products, rules=self.access, now=now)),
            successor=found.next_key,
            currency=self.currency,
            as_of=now,
            months=(
                running_month(running, records[running], found, product, balance, now),
                *(past_month(name, records[name], product) for name in past),
            ),
            hours=last_hours([record for name in names[:2] for record in records[name]], now),
        )

    def _records(self, customer: str, month: str) -> list[MeteringRecord]:
        first = int(clock.from_iso(f"{month}-01T00:00:00Z"))
        last = next_month_start(first) - SECONDS
        return self.records.of_customer(customer, first, last, MOST_HOURS, consistent=False)


def month_names(now: float, history: int, since: int | None) -> list[str]:
    """The running month and those before it, the newest first; none before ``since`` (epoch seconds; None: only the
    running one)."""
    names = [month_of(now)]
    for _ in range(history):
        year, month = map(int, names[-1].split("-"))
        before = datetime(year - (month == 1), 12 if month == 1 else month - 1, 1, tzinfo=UTC).strftime("%Y-%m")
        if since is None or before < month_of(since):
            break
        names.append(before)
    return names
