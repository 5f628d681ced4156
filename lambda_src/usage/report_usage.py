"""``POST /usage``: a verdict for each reported event, in the order of the request."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.dimensions import Dimension
from runtime import telemetry
from runtime.clock import Clock
from runtime.failure import described
from usage.record_usage import record_customer
from usage.stores import Stores
from usage.usage_event import Refusal, UsageEvent, parse
from usage.verdict import Verdict

logger = telemetry.logger("usage")


def report_usage(
    bodies: Sequence[Any], dimensions: Mapping[str, Dimension], stores: Stores, clock: Clock
) -> list[tuple[UsageEvent | None, Verdict]]:
    """Check and record events of any customers; each with its verdict (the event is None where it cannot be read).

    A customer whose events cannot be recorded now does not hold up the others: his are to be sent again. If that is so
    for every customer, the last error is raised, since then it is not theirs.
    """
    answers: list[tuple[UsageEvent | None, Verdict] | None] = [None] * len(bodies)
    now = clock()
    by_customer: dict[str, list[tuple[int, UsageEvent]]] = {}
    for number, body in enumerate(bodies):
        try:
            event = parse(body, dimensions, now)
        except Refusal as refusal:
            named = body.get("id") if isinstance(body, dict) else None
            event_id = named[:128] if isinstance(named, str) else None
            verdict = Verdict(event_id=event_id, verdict="refused", reason=refusal.reason, message=refusal.message)
            answers[number] = (None, verdict)
            continue
        by_customer.setdefault(event.customer_identifier, []).append((number, event))
    failed = 0
    for customer_identifier, numbered in by_customer.items():
        try:
            verdicts = record_customer(customer_identifier, [event for _, event in numbered], stores, clock)
        except Exception as error:
            failed += 1
            if failed == len(by_customer):
                raise
            logger.error("usage not recorded", customer=customer_identifier, **described(error))
            verdicts = [_not_now(event) for _, event in numbered]
        for (number, event), verdict in zip(numbered, verdicts, strict=True):
            answers[number] = (event, verdict)
    return [answer for answer in answers if answer is not None]


def _not_now(event: UsageEvent) -> Verdict:
    message = "this customer's usage cannot be recorded just now; send the event again"
    return Verdict(event_id=event.id, verdict="retry_later", reason="busy", message=message)
