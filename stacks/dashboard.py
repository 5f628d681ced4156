"""The stage's dashboard: which functions, queues, tables and alarms its panels show."""

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from marketplace.dimensions import Dimension
from stacks.archive import ArchiveStack
from stacks.audit import AuditStack
from stacks.constructs.alarms.message import Severity
from stacks.constructs.dashboard import affected, engines, late, lost, money, well
from stacks.constructs.dashboard.dashboard import add_dashboard
from stacks.constructs.dashboard.panels import OwnMetrics
from stacks.constructs.functions.function import Function
from stacks.data import DataStack
from stacks.doors import DoorsStack
from stacks.events import EventsStack
from stacks.metering import MeteringStack
from stacks.stage import AlarmSettings
from stacks.yawl import YawlStack


def add_stage_dashboard(
    watch: Stack,
    *,
    name: str,
    settings: AlarmSettings,
    dimensions: Mapping[str, Dimension],
    currency: str,
    metrics_namespace: str,
    told: Mapping[Severity, Sequence[cloudwatch.IAlarm]],
    data: DataStack,
    doors: DoorsStack,
    metering: MeteringStack,
    archive: ArchiveStack,
    audit: AuditStack,
    events: EventsStack,
    yawl: YawlStack | None,
) -> None:
    """Make the dashboard ``name`` in the stack of the alarms. told: the alarms that call people, by severity."""
    own = OwnMetrics(namespace=metrics_namespace)
    functions = (
        doors.functions
        | metering.functions
        | archive.functions
        | audit.functions
        | events.functions
        | (yawl.functions if yawl else {})
    )
    waiting = _waiting(doors, events, yawl)
    questions = [
        money.rows(own, metering.hourly.machine, dimensions=dimensions, currency=currency),
        late.rows(own, waiting, ticket_at_hours=settings.ticket_at_hours, page_at_hours=settings.page_at_hours),
        lost.rows(
            own, _for_people(doors, metering, archive, audit, events, yawl), dimensions=dimensions, currency=currency
        ),
        affected.rows(
            own,
            dimensions=dimensions,
            submitter_log=_log_of(metering.steps.submit_batch),
            sealer_log=_log_of(metering.steps.seal_hours),
        ),
        well.rows(told=told, functions=functions, api=doors.api.api, tables=data.table_names, waiting=waiting),
    ]
    if yawl:
        questions.append(engines.rows(own, yawl.usage.unattributed, page_at_hours=settings.page_at_hours))
    add_dashboard(watch, "Dashboard", name=name, questions=questions)


def _log_of(function: Function) -> str:
    return function.function.log_group.log_group_name


def _waiting(doors: DoorsStack, events: EventsStack, yawl: YawlStack | None) -> dict[str, sqs.IQueue]:
    """The queues from which functions take, by what is in them."""
    queues: dict[str, sqs.IQueue] = {
        "usage": doors.usage_queue.queue,
        "usage of buyers not active yet": doors.usage_queue.waiting,
        "subscriptions": doors.subscription_queue.queue,
        "entitlements": doors.entitlement_queue.queue,
        "changes to tell": events.changes.queue,
    }
    if events.webhooks:
        queues["webhooks"] = events.webhooks.queue
    if yawl:
        queues["usage of engines"] = yawl.usage.queue
        if yawl.access_logs:
            queues["access logs"] = yawl.access_logs.queue
    return queues


def _for_people(
    doors: DoorsStack,
    metering: MeteringStack,
    archive: ArchiveStack,
    audit: AuditStack,
    events: EventsStack,
    yawl: YawlStack | None,
) -> dict[str, sqs.IQueue]:
    """The queues that wait for people, by what is in them."""
    queues: dict[str, sqs.IQueue] = {
        "usage": doors.usage_queue.dead_letters,
        "usage of buyers not active yet": doors.usage_queue.waiting_dead_letters,
        "refused usage": doors.usage_queue.refused,
        "subscriptions": doors.subscription_queue.dead_letters,
        "entitlements": doors.entitlement_queue.dead_letters,
        "failed lines": metering.failed_lines,
        "starts of runs": metering.schedule.dead_letters,
        "cancellations": metering.start.dead_letters,
        "looks after leavers": metering.look.dead_letters,
        "changes to archive": archive.streams.dead_letters,
        "audits": archive.calls.dead_letters,
        "comparisons with AWS's books": audit.calls.dead_letters,
        "changes to tell": events.changes.dead_letters,
        "balances to tell": events.balances.dead_letters,
    }
    if events.webhooks:
        queues["webhooks"] = events.webhooks.dead_letters
    if yawl:
        queues["usage of engines"] = yawl.usage.dead_letters
        queues["calls to engines"] = yawl.calls.dead_letters
        if yawl.access_logs:
            queues["access logs"] = yawl.access_logs.dead_letters
    return queues
