"""State 0, put zero records: an open record without usage for every active customer that has none in the hour.

Sealing gives such a record its lines of zero. A record is put only if none exists and, like every record, on condition
of the subscriber's status. If a late event comes first, the record is there already; if it comes later, it adds to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.metering_records import MeteringRecords
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers, accepts_usage
from ledger.transaction import Cancelled, Contended, Operation, write
from marketplace.products import Products
from metering.seal.seal_rules import is_active_through
from runtime import telemetry
from runtime.clock import iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: Customers of one page.
PAGE = 200
#: Customers of one transaction. Each needs two of its 100 operations, so 50 would fit; but where the condition of one
#: customer fails, all of its transaction are put alone.
TOGETHER = 25

logger = telemetry.logger("metering")


@dataclass(frozen=True, kw_only=True)
class ZeroRecords:
    """Puts zero records. subscribers_table: the table's name, for the condition."""

    client: "DynamoDBClient"
    subscribers: Subscribers
    subscribers_table: str
    records: MeteringRecords
    products: Products

    def put(self, hour: int, cursor: Any, now: float) -> tuple[int, Any]:
        """Put one page of customers' records. Returns their number and the next page's cursor, None at the end."""
        if not any(product.zeros for product in self.products):
            return 0, None
        keys, cursor = self.subscribers.page_with_status("active", cursor, PAGE)
        active = [s for s in self.subscribers.get_many(keys) if self._wants_zero(s, hour)]
        existing = self.records.existing([(subscriber.customer_identifier, hour) for subscriber in active])
        missing = [s.customer_identifier for s in active if (s.customer_identifier, hour) not in existing]
        groups = [missing[start : start + TOGETHER] for start in range(0, len(missing), TOGETHER)]
        return sum(self._put(group, hour, now) for group in groups), cursor

    def _put(self, customers: Sequence[str], hour: int, now: float) -> int:
        try:
            write(self.client, [operation for customer in customers for operation in self._one(customer, hour, now)])
        except (Cancelled, Contended):
            if len(customers) == 1:
                # The customer has a record by now or is no longer active; else this one hour goes without its zero.
                logger.info("no zero record", customer=customers[0], hour=iso(hour))
                return 0
            return sum(self._put([customer], hour, now) for customer in customers)
        return len(customers)

    def _one(self, customer: str, hour: int, now: float) -> list[Operation]:
        return [
            self.records.add(customer, hour, {}, exists=False, now=now),
            accepts_usage(self.subscribers_table, customer, now),
        ]

    def _wants_zero(self, subscriber: Subscriber, hour: int) -> bool:
        product = self.products.of(subscriber.product_code)
        wanted = product is not None and bool(product.zeros) and subscriber.superseded_by is None
        return wanted and is_active_through(subscriber.active_periods, hour)
