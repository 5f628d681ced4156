"""A verdict for each reported event, in the order of the request or message."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from marketplace.products import Products
from runtime import telemetry
from runtime.clock import Clock
from runtime.failure import described
from usage.judge_event import BUSY, judge
from usage.record_usage import record_customer
from usage.reporters import EVERYTHING, NOT_YOURS, Rights
from usage.sold_to import SoldTo
from usage.stores import Stores
from usage.usage_event import Refusal, UsageEvent, Void, parse
from usage.verdict import Verdict
from usage.void_event import void_event

logger = telemetry.logger("usage")

#: The reported event or void (None if it cannot be read), with its verdict.
Answer = tuple[UsageEvent | Void | None, Verdict]


def report_usage(
    bodies: Sequence[Any],
    products: Products,
    stores: Stores,
    clock: Clock,
    rights: Rights = EVERYTHING,
) -> list[Answer]:
    """Check and record events of any customers, or take them back; each with its verdict.

    A customer whose events cannot be recorded now does not hold up the others: its events are answered ``busy``. If
    recording fails for every customer, the last error is raised, since then no customer is the reason.
    """
    answers: list[Answer | None] = [None] * len(bodies)
    now = clock()
    sold = SoldTo.read(bodies, products, stores.subscribers)
    by_customer: dict[str, list[tuple[int, UsageEvent | Void]]] = {}
    for number, body in enumerate(bodies):
        try:
            reported = parse(body, sold.dimensions(body), now)
        except Refusal as refusal:
            verdict = Verdict(event_id=_id_of(body), verdict="refused", reason=refusal.reason, message=refusal.message)
            answers[number] = (None, verdict)
            continue
        if not _is_allowed(reported, rights):
            answers[number] = (reported, Verdict.of(NOT_YOURS, reported.id))
            continue
        if isinstance(reported, UsageEvent) and sold.knows_not(reported.customer_identifier):
            # Which product's dimension it is shows when the customer is known.
            answers[number] = (reported, Verdict.of(judge(reported.occurred_at, None, now), reported.id))
            continue
        by_customer.setdefault(reported.customer_identifier, []).append((number, reported))
    failed = 0
    for customer_identifier, numbered in by_customer.items():
        try:
            verdicts = _of_customer(customer_identifier, [each for _, each in numbered], stores, clock, rights)
        except Exception as error:
            failed += 1
            if failed == len(by_customer):
                raise
            logger.error("usage not recorded", customer=customer_identifier, **described(error))
            verdicts = [Verdict.of(BUSY, each.id) for _, each in numbered]
        for (number, each), verdict in zip(numbered, verdicts, strict=True):
            answers[number] = (each, verdict)
    return [answer for answer in answers if answer is not None]


def _of_customer(
    customer_identifier: str, reported: Sequence[UsageEvent | Void], stores: Stores, clock: Clock, rights: Rights
) -> list[Verdict]:
    """The verdicts in order: events before a void are recorded before it, those after it afterwards."""
    verdicts: list[Verdict] = []
    early: dict[str, Verdict] = {}
    for _, run in groupby(reported, key=type):
        events: list[UsageEvent] = []
        for each in run:
            if isinstance(each, UsageEvent):
                events.append(each)
            elif each.id in early:
                verdicts.append(early[each.id])  # The void waits with its event.
            else:
                verdicts.append(void_event(each, rights, stores, clock))
        recorded = record_customer(customer_identifier, events, stores, clock) if events else []
        early |= {event.id: verdict for event, verdict in zip(events, recorded, strict=True) if verdict.is_early}
        verdicts += recorded
    return verdicts


def _is_allowed(reported: UsageEvent | Void, rights: Rights) -> bool:
    """Whether the sender may report this; of a void as far as it says itself: ``void_event`` checks the event that it
    takes back."""
    dimension = reported.dimension.name if isinstance(reported, UsageEvent) else None
    return rights.may_report(reported.customer_identifier, source=reported.source, dimension=dimension)


def _id_of(body: Any) -> str | None:
    named = body.get("void", body.get("id")) if isinstance(body, dict) else None
    return named[:128] if isinstance(named, str) else None
