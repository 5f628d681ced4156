"""State 3, plan batches: which lines of these hours go to Marketplace now, packed into requests."""

from collections.abc import Sequence

from ledger.metering_records import MeteringRecords
from ledger.pending_page import RecordKey
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from metering.keys import LineKey
from metering.mode import Mode
from metering.plan_rules import batches, candidates, is_under_way
from runtime import telemetry
from runtime.clock import iso
from runtime.failure import described

logger = telemetry.logger("metering")

#: requests of one page: many lines may have to travel alone, and an execution's history is limited
MAX_BATCHES = 300


def plan_batches(
    keys: Sequence[RecordKey],
    records: MeteringRecords,
    subscribers: Subscribers,
    now: float,
    mode: Mode,
    *,
    known_bad: bool = True,
) -> tuple[list[list[LineKey]], bool]:
    """Batches of line keys, most urgent first, and whether some were left for a later pass.

    known_bad: lines that were rejected before are planned too, last of all. Before the last page of hours they are not:
    each travels alone, and thousands of them must not go before the good lines of a later page.

    Reads records and subscribers strongly consistent. What the mode does not send is held: it stays pending. Lines that
    another run may be sending just now are left for a later pass.

    What cannot be read stays pending, named in the log and alarmed by its age; it does not hold up the others.
    """
    known: dict[str, Subscriber | None] = {}
    found = []
    under_way = False
    for record in records.get_many(keys):
        customer = record.customer_identifier
        if not mode.plans(customer):
            continue
        try:
            if customer not in known:
                known[customer] = subscribers.get(customer, consistent=True)
            found += candidates(record, known[customer], now)
            under_way |= is_under_way(record, now)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            logger.error("hour not planned", customer=customer, hour=iso(record.hour), **described(error))
    wanted = [candidate for candidate in found if known_bad or not candidate.known_bad]
    planned = batches(wanted)
    return planned[:MAX_BATCHES], under_way or len(wanted) < len(found) or len(planned) > MAX_BATCHES
