"""State 3, plan batches: which lines of these hours go to Marketplace now, packed into requests."""

from collections.abc import Sequence

from ledger.metering_records import MeteringRecords, RecordKey
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from metering.keys import LineKey
from metering.plan_rules import batches, candidates
from runtime import telemetry
from runtime.clock import iso
from runtime.failure import described

logger = telemetry.logger("metering")

#: requests of one page: many lines may have to travel alone, and an execution's history is limited
MAX_BATCHES = 300


def plan_batches(
    keys: Sequence[RecordKey], records: MeteringRecords, subscribers: Subscribers, now: float
) -> tuple[list[list[LineKey]], bool]:
    """Batches of line keys, most urgent first, and whether some were left for a later pass.

    Reads records and subscribers strongly consistent.

    What cannot be read stays pending, named in the log and alarmed by its age; it does not hold up the others.
    """
    known: dict[str, Subscriber | None] = {}
    found = []
    for record in records.get_many(keys):
        customer = record.customer_identifier
        try:
            if customer not in known:
                known[customer] = subscribers.get(customer, consistent=True)
            found += candidates(record, known[customer], now)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            logger.error("hour not planned", customer=customer, hour=iso(record.hour), **described(error))
    planned = batches(found)
    return planned[:MAX_BATCHES], len(planned) > MAX_BATCHES
