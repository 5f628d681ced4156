"""State 4: submits a lane of batches."""

from functools import cache

from aws_lambda_powertools.metrics import MetricUnit

from ledger import dynamodb
from marketplace.meter_usage import UsageMeter
from marketplace.products import Products
from marketplace.seller import Seller
from metering.assembly import send
from metering.handlers.entry_point import Payload, count, count_by_dimension, entry_point, logger
from metering.send.billed_usage import BilledUsage, worth
from metering.send.lanes import BatchPayload, parse_batch
from metering.send.submit_batch import Submitter
from metering.send.submit_lane import submit_lane
from runtime.metric_names import MeteringMetric
from runtime.settings import SubmitBatchSettings


@cache
def assembled() -> tuple[Submitter, BilledUsage]:
    """The submitter, and what it has billed, made from the function's environment once."""
    settings = SubmitBatchSettings.from_env()
    seller = Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)
    meter = UsageMeter.connect(settings.METERING_REGION, seller)
    products = Products.from_json(settings.PRODUCTS)
    billed = BilledUsage(products)
    tables = dynamodb.connect()
    return send.submitter(settings, tables, meter, count=count, products=products, billed=billed.add), billed


@entry_point
def handler(event: Payload) -> Payload:
    """``{batches, run}`` → ``{left}``: a lane, and how many of its batches are left for a later pass.

    Raises ProductFault, which stops the run.
    """
    submitter, billed = assembled()

    def submit(batch: BatchPayload) -> None:
        submitter.submit(parse_batch(batch), event["run"])

    try:
        left = submit_lane(event["batches"], submit)
    finally:
        # A lane that fails may have billed some of its lines before.
        units = billed.take()
        if units:
            count_by_dimension(MeteringMetric.UNITS_BILLED, units)
            count(MeteringMetric.MONEY_BILLED, float(worth(units, billed.products.dimensions)), MetricUnit.NoUnit)
    if left:
        logger.info("batches left for a later pass", batches=len(left), of=len(event["batches"]))
    return {"left": len(left)}
