"""Entry points of final metering: the workflow's states, and the two that start it.

Each function is one of them, so it imports that one's modules only, where they are used.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger.attribute_values import from_attributes
from ledger.dynamodb import connect
from ledger.subscribers import Subscribers
from runtime import aws, clock, settings, telemetry
from runtime.failure import described
from runtime.metric_names import MeteringMetric
from runtime.queued import each_change

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

    from metering.start_final_metering import Starter

logger = telemetry.logger("metering")
metrics = telemetry.metrics("metering")

Payload = dict[str, Any]


@cache
def dynamodb() -> "DynamoDBServiceResource":
    return connect()


def count(metric: MeteringMetric, number: float) -> None:
    metrics.add_metric(metric, MetricUnit.Count, number)


@logger.inject_lambda_context(clear_state=True)
def find_final_hours(event: Payload, _context: LambdaContext) -> Payload:
    """``{customerIdentifier, periodEnd, sent}`` → ``{step, seal, chunks, waitUntil}``."""
    from ledger.metering_records import MeteringRecords
    from metering import find_final_hours as final_hours

    names = settings.FindFinalHoursSettings.from_env()
    step = final_hours.find_final_hours(
        event["customerIdentifier"],
        int(event["periodEnd"]),
        MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE),
        Subscribers(dynamodb().Table(names.SUBSCRIBERS_TABLE)),
        now=clock.now(),
        sent=event["sent"],
    )
    logger.info("final metering", customer=event["customerIdentifier"], step=step.name, hours=len(step.hours))
    return final_hours.payload(step)


@logger.inject_lambda_context(clear_state=True)
def refuse_usage(event: Payload, _context: LambdaContext) -> Payload:
    """``{customerIdentifier, periodEnd}`` → ``{written}``."""
    from metering.refuse_usage import refuse_usage as refuse

    names = settings.RefuseUsageSettings.from_env()
    subscribers = Subscribers(dynamodb().Table(names.SUBSCRIBERS_TABLE))
    end = int(event["periodEnd"])
    return {"written": refuse(event["customerIdentifier"], end, subscribers, now=clock.now())}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def end_subscription(event: Payload, _context: LambdaContext) -> Payload:
    """``{customerIdentifier, periodEnd}`` → ``{outcome}``: ``ended``, ``open`` or ``not_its_turn``."""
    from ledger.balance import Balances
    from ledger.leaving import Leaving
    from ledger.metering_records import MeteringRecords
    from ledger.settlement import Settlement
    from marketplace import dimensions
    from metering.end_subscription import Ending
    from metering.settle_line import LineSettler

    names = settings.EndSubscriptionSettings.from_env()
    balances = Balances(dynamodb().Table(names.STATE_TABLE))
    settlement = Settlement(dynamodb().Table(names.METERING_RECORDS_TABLE))
    ending = Ending(
        records=MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE),
        subscribers=Subscribers(dynamodb().Table(names.SUBSCRIBERS_TABLE)),
        balances=balances,
        leaving=Leaving(client=dynamodb().meta.client, subscribers_table=names.SUBSCRIBERS_TABLE, balances=balances),
        settler=LineSettler(settlement, clock.now, count),
        clock=clock.now,
        dimensions=dimensions.from_json(names.DIMENSIONS),
        count=count,
    )
    return {"outcome": ending.end_subscription(event["customerIdentifier"], int(event["periodEnd"]))}


@cache
def starter(alias_arn: str) -> "Starter":
    from metering.start_final_metering import Starter

    return Starter(aws.client("stepfunctions"), alias_arn)


@logger.inject_lambda_context(clear_state=True)
def start_final_metering(event: Payload, _context: LambdaContext) -> Payload:
    """A batch of the subscribers' stream; what fails is named and comes again, then goes to the dead letters."""
    return each_change(event, _changed)


def _changed(change: Mapping[str, Any]) -> bool:
    from ledger.subscriber import from_item

    names = settings.StartFinalMeteringSettings.from_env()
    image = from_attributes(change.get("NewImage") or {})
    if not image:
        return False
    try:
        return starter(names.FINAL_METERING_ALIAS_ARN).start(from_item(image))
    except Exception as error:
        logger.error("not started", customer=image.get("customerIdentifier"), **described(error))
        raise


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def look_after_leavers(event: Payload, _context: LambdaContext) -> Payload:
    """Anything → ``{leaving, overdue, started}``; started by the clock."""
    from metering import start_final_metering as starting

    # the clock ticks, whatever becomes of the look: what is watched is how many ticks there are without a completed run
    count(MeteringMetric.RUNS_COMPLETED, 0)
    names = settings.LookAfterLeaversSettings.from_env()
    subscribers = Subscribers(dynamodb().Table(names.SUBSCRIBERS_TABLE))
    own = starter(names.FINAL_METERING_ALIAS_ARN)
    found = starting.look_after_leavers(subscribers, own, own.running(names.FINAL_METERING_ARN), clock.now())
    count(MeteringMetric.LEAVERS_OVERDUE, found.overdue)
    count(MeteringMetric.FINAL_METERINGS_RESTARTED, found.started)
    if found.failed:
        raise RuntimeError(f"final metering of {len(found.failed)} leavers could not be started")
    return {"leaving": found.leaving, "overdue": found.overdue, "started": found.started}
