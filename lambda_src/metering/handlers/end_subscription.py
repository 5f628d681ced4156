"""Final metering, last state: ends the subscription."""

from functools import cache

from ledger import dynamodb
from metering.assembly import final
from metering.final.end_subscription import SubscriptionEnder
from metering.handlers.entry_point import Payload, count, entry_point
from runtime.settings import EndSubscriptionSettings


@cache
def assembled() -> SubscriptionEnder:
    """The step that ends a subscription, made from the function's environment once."""
    return final.subscription_ender(EndSubscriptionSettings.from_env(), dynamodb.connect(), count=count)


@entry_point
def handler(event: Payload) -> Payload:
    """``{customerIdentifier, periodEnd}`` → ``{outcome}``: ``ended``, ``open`` or ``not_its_turn``."""
    return {"outcome": assembled().end_subscription(event["customerIdentifier"], int(event["periodEnd"]))}
