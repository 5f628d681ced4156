"""The states' entry points: parse the state's input, call, return keys and counts.

Each function runs one state, so it imports that state's modules only, where it is made.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger.dynamodb import connect
from ledger.metering_records import MeteringRecords
from metering.keys import line_key, parse_line_key, parse_record_key
from metering.mode import Mode
from runtime import aws, clock, settings, telemetry
from runtime.metric_names import MeteringMetric

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_sqs.client import SQSClient

    from metering.put_zero_records import ZeroRecords
    from metering.seal_hours import Sealer
    from metering.stock import Stock
    from metering.submit_batch import Submitter

logger = telemetry.logger("metering")
metrics = telemetry.metrics("metering")

Payload = dict[str, Any]


@cache
def dynamodb() -> "DynamoDBServiceResource":
    return connect()


@cache
def sqs() -> "SQSClient":
    client: SQSClient = aws.client("sqs")
    return client


def count(metric: MeteringMetric, number: float, unit: MetricUnit = MetricUnit.Count) -> None:
    metrics.add_metric(metric, unit, number)


def mode(names: settings.MeteringModeSettings) -> Mode:
    return Mode(names.METERING_MODE, frozenset(filter(None, names.TEST_BUYERS.split(","))))


@cache
def zero_records() -> "ZeroRecords":
    from ledger.subscribers import Subscribers
    from metering.put_zero_records import ZeroRecords
    from metering.zero_rules import HourlyZeros

    names = settings.PutZeroRecordsSettings.from_env()
    return ZeroRecords(
        client=dynamodb().meta.client,
        subscribers=Subscribers(dynamodb().Table(names.SUBSCRIBERS_TABLE)),
        subscribers_table=names.SUBSCRIBERS_TABLE,
        records=MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE, int(names.PENDING_SHARDS)),
        zeros=HourlyZeros.of(names.HOURLY_ZEROS, names.PRICING_MODEL),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def put_zero_records(event: Payload, _context: LambdaContext) -> Payload:
    """``{startedAt, hour?, cursor?}`` → ``{cursor}``: one page of customers, null after the last."""
    from metering.find_due_hours import last_due_hour

    names = settings.PutZeroRecordsSettings.from_env()
    wanted = clock.from_iso(event["hour"]) if event.get("hour") else None
    now = min(clock.now(), clock.from_iso(event["startedAt"]))
    hour = last_due_hour(now, int(names.SEAL_DELAY_MINUTES), wanted)
    number, cursor = zero_records().put(hour, event.get("cursor"), clock.now())
    count(MeteringMetric.ZERO_RECORDS, number)
    return {"cursor": cursor}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def find_due_hours(event: Payload, _context: LambdaContext) -> Payload:
    """``{startedAt, hour?, cursor?}`` → ``{chunks, cursor, more, events}``; all pages end with the same hour."""
    from marketplace import dimensions
    from metering import find_due_hours as due

    names = settings.FindDueHoursSettings.from_env()
    now = min(clock.now(), clock.from_iso(event["startedAt"]))
    page = due.find_due_hours(
        MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE),
        now=now,
        seal_delay_minutes=int(names.SEAL_DELAY_MINUTES),
        wanted=clock.from_iso(event["hour"]) if event.get("hour") else None,
        cursor=event.get("cursor"),
        dimensions=list(dimensions.from_json(names.DIMENSIONS)),
    )
    logger.info("hours due", hours=len(page.keys), more=page.more)
    return page.payload()


@cache
def sealer() -> "Sealer":
    from ledger.allocations import FrozenAllocations
    from ledger.balance import Balances
    from ledger.subscribers import Subscribers
    from ledger.tagged_usage import TaggedUsage
    from marketplace import dimensions, tiers
    from metering.allocate_hour import Allocator
    from metering.freeze_hour import Freezer
    from metering.seal_hours import Sealer
    from metering.zero_rules import HourlyZeros

    names = settings.SealHoursSettings.from_env()
    freezer = Freezer(
        records=MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE, int(names.PENDING_SHARDS)),
        balances=Balances(dynamodb().Table(names.STATE_TABLE)),
        subscribers=Subscribers(dynamodb().Table(names.SUBSCRIBERS_TABLE)),
        allocator=Allocator(
            TaggedUsage(dynamodb().Table(names.USAGE_EVENTS_TABLE)),
            FrozenAllocations(dynamodb(), names.USAGE_EVENTS_TABLE),
        ),
        dimensions=dimensions.from_json(names.DIMENSIONS),
        tiers=tiers.from_json(names.TIERS),
        pricing_model=names.PRICING_MODEL,
        product_code=names.PRODUCT_CODE,
        zeros=HourlyZeros.of(names.HOURLY_ZEROS, names.PRICING_MODEL),
        mode=mode(names),
    )
    return Sealer(client=dynamodb().meta.client, freezer=freezer, clock=clock.now, count=count)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def seal_hours(event: Payload, _context: LambdaContext) -> Payload:
    """``{keys}`` → counts."""
    counts = sealer().seal_hours([parse_record_key(key) for key in event["keys"]])
    count(MeteringMetric.HOURS_SEALED, counts["sealed"])
    count(MeteringMetric.HOURS_WAITING, counts["waiting"] + counts["failed"])
    return dict(counts)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def plan_batches(event: Payload, _context: LambdaContext) -> Payload:
    """``{chunks, knownBad?}`` → ``{batches, left, events}``: line keys, whether some are left over, history events at
    most. knownBad: lines that were rejected before too (usual: yes)."""
    from ledger.subscribers import Subscribers
    from metering import plan_batches as plan

    names = settings.PlanBatchesSettings.from_env()
    keys = [parse_record_key(key) for chunk in event["chunks"] for key in chunk]
    records = MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE)
    subscribers = Subscribers(dynamodb().Table(names.SUBSCRIBERS_TABLE))
    known_bad = bool(event.get("knownBad", True))
    planned, left = plan.plan_batches(keys, records, subscribers, clock.now(), mode(names), known_bad=known_bad)
    lines = [[line_key(key) for key in batch] for batch in planned]
    # a batch that is tried four times and left takes 18 events
    return {"batches": lines, "left": left, "events": 18 * len(lines)}


@cache
def submitter() -> "Submitter":
    from ledger.allocations import FrozenAllocations
    from ledger.run_tally import RunTally
    from ledger.settlement import Settlement
    from ledger.subscribers import Subscribers
    from marketplace.meter_usage import UsageMeter
    from marketplace.seller import Seller
    from metering.pace import Pace
    from metering.submit_batch import Submitter

    names = settings.SubmitBatchSettings.from_env()
    records = MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE)
    return Submitter(
        records=records,
        settlement=Settlement(dynamodb().Table(names.METERING_RECORDS_TABLE)),
        subscribers=Subscribers(dynamodb().Table(names.SUBSCRIBERS_TABLE)),
        allocations=FrozenAllocations(dynamodb(), names.USAGE_EVENTS_TABLE),
        meter=UsageMeter.connect(names.METERING_REGION, Seller(names.SELLER_ROLE_ARN, names.EXTERNAL_ID)),
        pace=Pace(calls_per_second=float(names.CALLS_PER_SECOND), copies=int(names.SUBMIT_CONCURRENCY)),
        clock=clock.now,
        mode=mode(names),
        tally=RunTally(dynamodb().Table(names.STATE_TABLE)),
        count=count,
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def submit_batch(event: Payload, _context: LambdaContext) -> Payload:
    """``{lines, run}`` → ``{lines: n}``. Fails with MarketplaceBusy (retried) or ProductFault (the run stops)."""
    keys = [parse_line_key(key) for key in event["lines"]]
    submitter().submit(keys, event["run"])
    return {"lines": len(keys)}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def settle_hours(event: Payload, _context: LambdaContext) -> Payload:
    """``{keys}`` → counts."""
    from ledger.settlement import Settlement
    from metering import settle_hours as settle

    names = settings.SettleHoursSettings.from_env()
    records = MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE)
    settlement = Settlement(dynamodb().Table(names.METERING_RECORDS_TABLE))
    keys = [parse_record_key(key) for key in event["keys"]]
    return dict(settle.settle_hours(keys, records, settlement, clock.now, mode(names), count))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def report(event: Payload, _context: LambdaContext) -> Payload:
    """``{hour?, fault?}`` → the run's summary, which is the execution's output."""
    from ledger.settlement import Settlement
    from marketplace import dimensions
    from metering.copy_failed import copy_failed
    from metering.find_due_hours import last_due_hour
    from metering.report import read_levels

    names = settings.ReportSettings.from_env()
    now = clock.now()
    last = last_due_hour(now, 0, clock.from_iso(event["hour"]) if event.get("hour") else None)
    records = MeteringRecords(dynamodb(), names.METERING_RECORDS_TABLE)
    stage_dimensions = dimensions.from_json(names.DIMENSIONS)
    levels = read_levels(records, last, now=now, mode=mode(names), dimensions=stage_dimensions)
    settlement = Settlement(dynamodb().Table(names.METERING_RECORDS_TABLE))
    for record in levels.stale:
        settlement.tidy(record)
    count(MeteringMetric.PENDING_HOURS, levels.pending_hours)
    count(MeteringMetric.OLDEST_PENDING_HOUR_AGE, levels.age(now), MetricUnit.Seconds)
    count(MeteringMetric.NEAREST_DEADLINE, max(0.0, levels.time_left(now)), MetricUnit.Seconds)
    count(MeteringMetric.AT_RISK_LINES, levels.at_risk.lines)
    count(MeteringMetric.AT_RISK_MONEY, float(levels.at_risk.money), MetricUnit.NoUnit)
    count(MeteringMetric.FAILED_LINES, levels.failed.lines)
    count(MeteringMetric.FAILED_MONEY, float(levels.failed.money), MetricUnit.NoUnit)
    count_units(MeteringMetric.AT_RISK_UNITS, levels.at_risk)
    count_units(MeteringMetric.FAILED_UNITS, levels.failed)
    # after the levels: whatever becomes of the copies, those are told
    copied = copy_failed(levels.failed_records, sqs(), names.FAILED_LINES_QUEUE_URL, settlement, count_failed)
    count(MeteringMetric.RUNS_COMPLETED, 1)
    summary = {**levels.payload(), "hour": clock.iso(last), "fault": event.get("fault")}
    told = {name: value for name, value in summary.items() if name != "failed"}
    logger.info("run completed", **told, copiedToDeadLetters=copied)
    return summary


def count_failed(lines: Mapping[str, int]) -> None:
    """Lines that failed, by verdict; out at once, whatever becomes of the rest of this invocation."""
    from metering.count import OF_VERDICT

    for verdict, number in lines.items():
        count(OF_VERDICT[verdict], number)
    metrics.flush_metrics()


def count_units(metric: MeteringMetric, stock: "Stock") -> None:
    """Units by dimension, each as a metric of its own dimension ``dimension``; 0 where there are none."""
    from aws_lambda_powertools.metrics import single_metric

    for name in stock.dimensions:
        with single_metric(
            name=metric,
            unit=MetricUnit.NoUnit,
            value=float(stock.units.get(name, 0)),
            default_dimensions={"service": "metering"},
        ) as one:
            one.add_dimension(name="dimension", value=name)
