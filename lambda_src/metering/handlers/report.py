"""State 6: reports what is pending, at risk and failed, and copies failed lines to their queue."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from ledger.pauses import Paused, Pauses
from ledger.settlement import Settlement
from marketplace import dimensions
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


@cache
def assembled() -> tuple[ReportSettings, MeteringRecords, Settlement, Pauses, "SQSClient"]:
    """The settings, the stores of records, verdicts and pauses, and SQS, made from the function's environment once."""
    settings, tables = ReportSettings.from_env(), dynamodb.connect()
    table, pauses = settings.METERING_RECORDS_TABLE, Pauses(tables.Table(settings.STATE_TABLE))
    return settings, MeteringRecords(tables, table), Settlement(tables.Table(table)), pauses, aws.client("sqs")


@entry_point
def handler(event: Payload) -> Payload:
    """``{hour?, fault?}`` → the run's summary, which is the execution's output."""
    settings, records, settlement, pauses, sqs = assembled()
    now = clock.now()
    last = last_due_hour(now, 0, clock.from_iso(event["hour"]) if event.get("hour") else None)
    product = dimensions.from_json(settings.DIMENSIONS)
    levels = read_levels(records, last, now=now, mode=Mode.of(settings), dimensions=product)
    for record in levels.stale:
        settlement.tidy(record)
    count_levels(levels, now)
    count_pauses(pauses.read(), now)
    # The copies come after the levels, so that the levels are published even if a copy fails.
    copied = copy_failed(levels.failed_records, sqs, settings.FAILED_LINES_QUEUE_URL, settlement, count_failed)
    count(MeteringMetric.RUNS_COMPLETED, 1)
    summary = {**levels.payload(), "hour": clock.iso(last), "fault": event.get("fault")}
    logged = {name: value for name, value in summary.items() if name != "failed"}
    logger.info("run completed", **logged, copiedToFailedLines=copied)
    return summary


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
    count_by_dimension(metric, {name: usage.units.get(name, Decimal(0)) for name in usage.dimensions})
