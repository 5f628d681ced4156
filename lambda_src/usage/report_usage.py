"""``POST /usage``: a verdict for each reported event, in the order of the request."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.dimensions import Dimension
from runtime.clock import Clock
from usage.record_usage import record_customer
from usage.stores import Stores
from usage.usage_event import Refusal, UsageEvent, parse
from usage.verdict import Verdict


def report_usage(
    bodies: Sequence[Any], dimensions: Mapping[str, Dimension], stores: Stores, clock: Clock
) -> list[tuple[UsageEvent | None, Verdict]]:
    """Check and record events of any customers; each with its verdict (the event is None where it cannot be read).

    Raises ledger.transaction.Contended: nothing is lost by sending the whole request again.
    """
    answers: list[tuple[UsageEvent | None, Verdict] | None] = [None] * len(bodies)
    by_customer: dict[str, list[tuple[int, UsageEvent]]] = {}
    for number, body in enumerate(bodies):
        try:
            event = parse(body, dimensions)
        except Refusal as refusal:
            named = body.get("id") if isinstance(body, dict) else None
            event_id = named[:128] if isinstance(named, str) else None
            verdict = Verdict(event_id=event_id, verdict="refused", reason=refusal.reason, message=refusal.message)
            answers[number] = (None, verdict)
            continue
        by_customer.setdefault(event.customer_identifier, []).append((number, event))
    for customer_identifier, numbered in by_customer.items():
        verdicts = record_customer(customer_identifier, [event for _, event in numbered], stores, clock)
        for (number, event), verdict in zip(numbered, verdicts, strict=True):
            answers[number] = (event, verdict)
    return [answer for answer in answers if answer is not None]
