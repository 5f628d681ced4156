"""State 4: submits a lane of batches."""

from functools import cache

from ledger import dynamodb
from marketplace.meter_usage import UsageMeter
from marketplace.seller import Seller
from metering.assembly import send
from metering.handlers.entry_point import Payload, count, entry_point, logger
from metering.send.lanes import BatchPayload, parse_batch
from metering.send.submit_batch import Submitter
from metering.send.submit_lane import submit_lane
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
    """``{batches, run}`` → ``{left}``: a lane, and how many of its batches are left for a later pass.

    Raises ProductFault, which stops the run.
    """

    def submit(batch: BatchPayload) -> None:
        assembled().submit(parse_batch(batch), event["run"])

    left = submit_lane(event["batches"], submit)
    if left:
        logger.info("batches left for a later pass", batches=len(left), of=len(event["batches"]))
    return {"left": len(left)}
