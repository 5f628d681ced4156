"""Final metering, second state: refuses usage from now on."""

from functools import cache

from ledger import dynamodb
from ledger.subscribers import Subscribers
from metering.final.refuse_usage import refuse_usage
from metering.handlers.entry_point import Payload, entry_point
from runtime import clock
from runtime.settings import RefuseUsageSettings


@cache
def assembled() -> Subscribers:
    """The store of subscribers, made from the function's environment once."""
    return Subscribers(dynamodb.connect().Table(RefuseUsageSettings.from_env().SUBSCRIBERS_TABLE))


@entry_point
def handler(event: Payload) -> Payload:
    """``{customerIdentifier, periodEnd}`` → ``{written}``."""
    end = int(event["periodEnd"])
    return {"written": refuse_usage(event["customerIdentifier"], end, assembled(), now=clock.now())}
