"""Starts final metering that should run and does not; a schedule calls it."""

from functools import cache

from ledger import dynamodb
from ledger.subscribers import Subscribers
from metering.final.start_final_metering import Starter, restart_missing
from metering.handlers.entry_point import Payload, count, entry_point
from runtime import aws, clock
from runtime.metric_names import MeteringMetric
from runtime.settings import LookAfterLeaversSettings


@cache
def assembled() -> tuple[LookAfterLeaversSettings, Subscribers, Starter]:
    """The settings, the subscribers and the starter of executions, made from the function's environment once."""
    settings = LookAfterLeaversSettings.from_env()
    subscribers = Subscribers(dynamodb.connect().Table(settings.SUBSCRIBERS_TABLE))
    return settings, subscribers, Starter(aws.client("stepfunctions"), settings.FINAL_METERING_ALIAS_ARN)


@entry_point
def handler(_event: Payload) -> Payload:
    """Anything → ``{leaving, overdue, started}``: numbers of customers, and of started executions.

    Raises RuntimeError if any execution could not be started; the others were started all the same.
    """
    # A value of 0 says that the schedule called: the alarm watches for calls without a completed run.
    count(MeteringMetric.RUNS_COMPLETED, 0)
    settings, subscribers, starter = assembled()
    running = starter.running(settings.FINAL_METERING_ARN)
    found = restart_missing(subscribers, starter, running, clock.now())
    count(MeteringMetric.LEAVERS_OVERDUE, found.overdue)
    count(MeteringMetric.FINAL_METERINGS_RESTARTED, found.started)
    if found.failed:
        raise RuntimeError(f"final metering of {len(found.failed)} customers could not be started")
    return {"leaving": found.ending, "overdue": found.overdue, "started": found.started}
