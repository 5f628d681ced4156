"""Which thresholds of its allowance a customer has reached. Pure.

An allowance is what the customer's tier includes of a dimension in a period, and ``used#<dimension>#<period>`` of its
balance is what the sealed hours took from it (``ledger.balance``). Reaching is a level, not a crossing: a threshold
that was reached in a change that nobody saw is found by the next one.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from buyer.events.event import Event
from ledger.balance import USED
from ledger.entitlements import dimensions_held
from ledger.subscriber import Subscriber
from marketplace.tiers import UNLIMITED, Tier, highest

#: Thresholds that every stage has, in percent.
ALWAYS = (80, 100)


class Usage(NamedTuple):
    """What a period took from the allowance of a dimension."""

    dimension: str
    period: str
    used: Decimal


class Reached(NamedTuple):
    """A threshold (percent of ``allowance``) that a customer's usage has reached."""

    usage: Usage
    allowance: Decimal
    percent: int


def thresholds_of(text: str) -> tuple[int, ...]:
    """The thresholds of a setting (``50,90``), with those that every stage has, lowest first."""
    return tuple(sorted({*ALWAYS, *(int(part) for part in text.split(",") if part)}))


def usage_in(item: Mapping[str, Any]) -> tuple[Usage, ...]:
    """What a balance's item says of all periods."""
    found = []
    for name, used in item.items():
        if name.startswith(USED):
            dimension, period = name[len(USED) :].rsplit("#", 1)
            found.append(Usage(dimension, period, used))
    return tuple(sorted(found))


def usage_that_rose(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Usage, ...]:
    """What a change of the balance's item added to. Old periods stay in the item and are not looked at again."""
    before = set(usage_in(old))
    return tuple(usage for usage in usage_in(new) if usage not in before)


def included_by(subscriber: Subscriber, tiers: Sequence[Tier], at: float) -> Mapping[str, Decimal]:
    """What the customer's contract includes at a moment, by dimension, without what is unlimited."""
    tier = highest(tiers, dimensions_held(subscriber, int(at)))
    included = tier.included if tier else {}
    return {name: units for name, units in included.items() if units != UNLIMITED and units > 0}


def reached(usages: Sequence[Usage], included: Mapping[str, Decimal], thresholds: Sequence[int]) -> Iterator[Reached]:
    """The thresholds that are reached, lowest first."""
    for usage in usages:
        allowance = included.get(usage.dimension)
        if allowance is None:
            continue
        for percent in sorted(thresholds):
            if usage.used * 100 >= allowance * percent:
                yield Reached(usage, allowance, percent)


def event_of(found: Reached, subscriber: Subscriber, *, product_code: str, sequence: int, at: str) -> Event:
    """The event of a threshold. Its id has no version: a threshold is told once in a period, whatever the allowance
    does afterwards."""
    usage = found.usage
    return Event(
        name="AllowanceThresholdReached",
        customer_identifier=subscriber.customer_identifier,
        product_code=subscriber.product_code or product_code,
        linked_account=subscriber.item.get("linkedAccount"),
        what=f"{usage.dimension}:{usage.period}:{found.percent}",
        sequence=sequence,
        at=at,
        data={
            "dimension": usage.dimension,
            "period": usage.period,
            "percent": found.percent,
            "used": f"{usage.used:f}",
            "allowance": f"{found.allowance:f}",
            "tier": subscriber.tier,
        },
    )
