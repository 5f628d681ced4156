"""State 4: submits a batch."""

from functools import cache

from ledger import dynamodb
from marketplace.meter_usage import UsageMeter
from marketplace.seller import Seller
from metering.assembly import send
from metering.handlers.entry_point import Payload, count, entry_point
from metering.run import parse_line_key
from metering.send.submit_batch import Submitter
from runtime.settings import SubmitBatchSettings


@cache
def assembled() -> Submitter:
    """The submitter, made from the function's environment once."""
    settings = SubmitBatchSettings.from_env()
    seller = Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)
    meter = UsageMeter.connect(settings.METERING_REGION, seller)
    return send.submitter(settings, dynamodb.connect(), meter, count=count)


@entry_point
def handler(event: Payload) -> Payload:
    """``{lines, run}`` → ``{lines: n}``. Raises MarketplaceBusy (the state machine tries again) or
    ProductFault (the run stops), see ``Submitter.submit``."""
    keys = [parse_line_key(key) for key in event["lines"]]
    assembled().submit(keys, event["run"])
    return {"lines": len(keys)}
