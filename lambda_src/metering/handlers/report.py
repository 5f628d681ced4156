"""State 6: reports what is pending, at risk and failed, and copies failed lines to their queue."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from aws_lambda_powertools.metrics import MetricUnit

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from ledger.pauses import Paused, Pauses
from ledger.run_tally import RunTally
from ledger.settlement import Settlement
from ledger.subscribers import Subscribers
from marketplace.products import Products
from metering.find.find_due_hours import last_due_hour
from metering.handlers.entry_point import Payload, count, count_by_dimension, entry_point, logger, metrics
from metering.report.copy_failed import copy_failed
from metering.report.levels import Levels, UsageSum, read_levels
from metering.run import Mode
from metering.settle.settle_lines import OF_VERDICT
from runtime import aws, clock
from runtime.metric_names import MeteringMetric
from runtime.settings import ReportSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


class Assembled(NamedTuple):
    """What the function works with."""

    settings: ReportSettings
    products: Products
    records: MeteringRecords
    subscribers: Subscribers
    settlement: Settlement
    pauses: Pauses
    tally: RunTally
    sqs: "SQSClient"


@cache
def assembled() -> Assembled:
    """The settings, the stores and SQS, made from the function's environment once."""
    settings, tables = ReportSettings.from_env(), dynamodb.connect()
    table, state = settings.METERING_RECORDS_TABLE, tables.Table(settings.STATE_TABLE)
    return Assembled(
        settings=settings,
        products=Products.from_json(settings.PRODUCTS),
        records=MeteringRecords(tables, table),
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        settlement=Settlement(tables.Table(table)),
        pauses=Pauses(state),
        tally=RunTally(state),
        sqs=aws.client("sqs"),
    )


@entry_point
def handler(event: Payload) -> Payload:
    """``{startedAt, hour?, fault?}`` → the run's summary, which is the execution's output; its ``fault`` fails the
    run."""
    it = assembled()
    now = clock.now()
    last = last_due_hour(now, 0, clock.from_iso(event["hour"]) if event.get("hour") else None)
    levels = read_levels(it.records, it.subscribers, last, now=now, mode=Mode.of(it.settings), products=it.products)
    for record in levels.stale:
        it.settlement.tidy(record)
    count_levels(levels, now)
    count_pauses(it.pauses.read(), now)
    # The copies come after the levels, so that the levels are published even if a copy fails.
    copied = copy_failed(levels.failed_records, it.sqs, it.settings.FAILED_LINES_QUEUE_URL, it.settlement, count_failed)
    count(MeteringMetric.RUNS_COMPLETED, 1)
    fault = event.get("fault")
    if fault is None and it.products.only is None:
        fault = stopped(it.products, it.tally.stops(event["startedAt"]))
    summary = {**levels.payload(), "hour": clock.iso(last), "fault": fault}
    logged = {name: value for name, value in summary.items() if name != "failed"}
    logger.info("run completed", **logged, copiedToFailedLines=copied)
    return summary


def stopped(products: Products, reasons: Mapping[str, str]) -> Payload | None:
    """The fault of a run in which nothing could be sent for some of several products; None where all were sent."""
    if not reasons:
        return None
    named = {product.code: product.named for product in products}
    said = (f"{named.get(code, code)}: {why}" for code, why in sorted(reasons.items()))
    return {"error": "ProductFault", "cause": "; ".join(said)}


def count_levels(levels: Levels, now: float) -> None:
    """The levels as metrics."""
    count(MeteringMetric.PENDING_HOURS, levels.pending_hours)
    count(MeteringMetric.OLDEST_PENDING_HOUR_AGE, levels.age(now), MetricUnit.Seconds)
    count(MeteringMetric.NEAREST_DEADLINE, max(0.0, levels.time_left(now)), MetricUnit.Seconds)
    count(MeteringMetric.HELD_LINES, levels.lines_on_hold)
    count(MeteringMetric.AT_RISK_LINES, levels.at_risk.lines)
    count(MeteringMetric.AT_RISK_MONEY, float(levels.at_risk.money), MetricUnit.NoUnit)
    count(MeteringMetric.FAILED_LINES, levels.failed.lines)
    count(MeteringMetric.FAILED_MONEY, float(levels.failed.money), MetricUnit.NoUnit)
    count_units(MeteringMetric.AT_RISK_UNITS, levels.at_risk)
    count_units(MeteringMetric.FAILED_UNITS, levels.failed)


def count_pauses(paused: Paused, now: float) -> None:
    """Pauses as metrics; a pause of the whole stage counts as one."""
    count(MeteringMetric.PAUSED_CUSTOMERS, len(paused.pauses))
    count(MeteringMetric.PAUSED_FOR, max(0.0, paused.seconds(now)), MetricUnit.Seconds)


def count_failed(lines: Mapping[str, int]) -> None:
    """Failed lines, by verdict, published at once, so that a later failure of this invocation does not lose them."""
    for verdict, number in lines.items():
        count(OF_VERDICT[verdict], number)
    metrics.flush_metrics()


def count_units(metric: MeteringMetric, usage: UsageSum) -> None:
    """Units by dimension; 0 where there are none."""
    count_by_dimension(metric, {name: usage.units.get(name, Decimal(0)) for name in usage.products.dimensions})
