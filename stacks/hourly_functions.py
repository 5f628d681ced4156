"""The functions of the hourly workflow: what each does, and what it may do."""

from aws_cdk import aws_sqs as sqs

from ledger.tables import FAILED_INDEX, PENDING_INDEX, STATUS_INDEX
from runtime.settings import (
    FindDueHoursSettings,
    PlanBatchesSettings,
    PutZeroRecordsSettings,
    ReportSettings,
    SealHoursSettings,
    SettleHoursSettings,
    SubmitBatchSettings,
)
from stacks.constructs.functions.functions import Functions
from stacks.constructs.workflows.hourly_turn import HourlyFunctions
from stacks.data import DataStack


def hourly_functions(
    functions: Functions, data: DataStack, *, failed_lines: sqs.IQueue, submit_concurrency: int
) -> HourlyFunctions:
    """Add the functions of the hourly workflow.

    failed_lines: where ``report`` puts copies. submit_concurrency: copies of ``submit-batch``, not more, since they
    share the stage's rate of calls.
    """
    subscribers, events, records, state = data.subscribers, data.usage_events, data.metering_records, data.state
    steps = HourlyFunctions(
        put_zero_records=functions.add(
            "put-zero-records",
            "metering.handlers.put_zero_records.handler",
            PutZeroRecordsSettings,
            "an hour without usage gets its record of zero",
            batch_gets=(subscribers, records),
            queries=(subscribers.index(STATUS_INDEX),),
            updates=(records,),
            checks=(subscribers,),
        ),
        find_due_hours=functions.add(
            "find-due-hours",
            "metering.handlers.find_due_hours.handler",
            FindDueHoursSettings,
            "closed hours with lines that have not ended, oldest first",
            queries=(records.index(PENDING_INDEX),),
        ),
        seal_hours=functions.add(
            "seal-hours",
            "metering.handlers.seal_hours.handler",
            SealHoursSettings,
            "seals an hour: identity, timestamp, lines",
            reads=(records, subscribers),
            gets=(state,),
            # It reads the tags of events, and stores the allocations that it makes of them with the seal.
            queries=(events,),
            puts=(events,),
            updates=(records, state),
            # An hour may have some hundred thousand sets of tags of a kilobyte each, before it folds the smallest.
            memory_mb=2048,
        ),
        plan_batches=functions.add(
            "plan-batches",
            "metering.handlers.plan_batches.handler",
            PlanBatchesSettings,
            "packs lines into calls of one product and identity, most urgent first",
            reads=(records, subscribers),
            # Whose lines an operator has paused.
            queries=(state,),
        ),
        submit_batch=functions.add(
            "submit-batch",
            "metering.handlers.submit_batch.handler",
            SubmitBatchSettings,
            "the only caller of BatchMeterUsage, paced",
            calls=("BatchMeterUsage",),
            reads=(records, subscribers),
            batch_gets=(events,),
            queries=(state,),
            updates=(records, state),
            reserved_concurrency=submit_concurrency,
        ),
        settle_hours=functions.add(
            "settle-hours",
            "metering.handlers.settle_hours.handler",
            SettleHoursSettings,
            "hours whose lines have all ended leave the pending index",
            reads=(records,),
            updates=(records,),
        ),
        report=functions.add(
            "report",
            "metering.handlers.report.handler",
            ReportSettings,
            "levels of pending and failed units, one summary",
            # Whose product an hour is of that is not sealed, and which products a run has stopped.
            batch_gets=(records, subscribers),
            gets=(state,),
            queries=(records.index(PENDING_INDEX), records.index(FAILED_INDEX), state),
            # It removes marks of failure that no line has any more, and notes which lines it has copied.
            updates=(records,),
        ),
    )
    failed_lines.grant(steps.report, "sqs:SendMessage")
    return steps
