"""Final metering, second state: from now on no usage of the cancelled customer is taken."""

from ledger import cancellation
from ledger.cancellation import accepts_until
from ledger.subscribers import Subscribers
from runtime import telemetry
from runtime.clock import iso

logger = telemetry.logger("metering")


def refuse_usage(customer_identifier: str, end: int, subscribers: Subscribers, *, now: float) -> bool:
    """Write ``final_metering`` unless it is too early or the period is not the last. Returns whether it was written.

    Raises SubscriberBusy.
    """
    if now < accepts_until(end):
        return False
    written = cancellation.refuse_usage(subscribers, customer_identifier, end, now)
    if written:
        logger.info("usage refused from now on", customer=customer_identifier, ended=iso(end))
    return written
