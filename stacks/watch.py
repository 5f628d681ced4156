"""Every alarm of a stage, the people that it calls, and the dashboard."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, CrossStackReferences, ReferenceStrength, Stack, aws_events
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from marketplace.dimensions import Dimension
from stacks.archive import ArchiveStack
from stacks.audit import AuditStack
from stacks.constructs.alarms import queues
from stacks.constructs.alarms.api import add_api_alarms
from stacks.constructs.alarms.archive import add_archive_alarms
from stacks.constructs.alarms.bound import Alarms
from stacks.constructs.alarms.delivery import (
    ACCESS_LOG,
    AUDITS,
    ENGINE_CALLS,
    RECONCILIATIONS,
    add_mail_alarms,
    add_rule_alarms,
    add_schedule_alarms,
)
from stacks.constructs.alarms.engines import add_engine_alarms
from stacks.constructs.alarms.final_metering import add_final_metering_alarms
from stacks.constructs.alarms.functions import add_function_alarms, canary_of
from stacks.constructs.alarms.hours import add_hour_alarms
from stacks.constructs.alarms.lines import add_line_alarms
from stacks.constructs.alarms.notices import add_notice_alarms
from stacks.constructs.alarms.product import add_product_alarms
from stacks.constructs.alarms.reconciliation import add_reconciliation_alarms
from stacks.constructs.alarms.routes import AlarmRoutes
from stacks.constructs.alarms.runs import add_run_alarms
from stacks.constructs.alarms.store import add_store_alarms
from stacks.constructs.alarms.telling import add_telling_alarms, add_webhook_alarms
from stacks.constructs.alarms.usage_queue import add_usage_queue_alarms
from stacks.dashboard import add_stage_dashboard
from stacks.data import DataStack
from stacks.doors import DoorsStack
from stacks.events import EventsStack
from stacks.metering import MeteringStack
from stacks.stage import AlarmSettings
from stacks.yawl import YawlStack

#: Refusals of submit-batch in a quarter of an hour: overlapping runs use up its reserved concurrency, and the workflow
#: tries again.
REFUSED_BY_DESIGN = 300
#: A buyer may try once only, so that a single failure of registration counts.
ONCE = 1
#: Whoever uses the API or the queue calls them, as often as they like.
OFTEN_CALLED = ("usage", "usage-queue", "subscriber-api", "engine-gateway")
CANARY = "look-after-leavers"


class WatchStack(Stack):
    """Every alarm of the stage, the ways to the people whom they call, and the dashboard."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: AlarmSettings,
        dashboard: str,
        dimensions: Mapping[str, Dimension],
        currency: str,
        metrics_namespace: str,
        data: DataStack,
        doors: DoorsStack,
        metering: MeteringStack,
        archive: ArchiveStack,
        audit: AuditStack,
        events: EventsStack,
        yawl: YawlStack | None = None,
        **kwargs: Any,
    ) -> None:
        """dashboard: its name. dimensions: what the stage sells."""
        super().__init__(scope, id_, **kwargs)
        # Alarms must not keep what they watch from being renamed or removed: with an export in use, CloudFormation
        # would refuse that until the alarms had been deployed without it.
        CrossStackReferences.of(self).consume(ReferenceStrength.WEAK)
        routes = AlarmRoutes(self, "Routes", page=settings.page, ticket=settings.ticket)
        alarms = Alarms(scope=self, routes=routes, namespace=metrics_namespace)
        add_function_alarms(
            alarms.below("Functions"),
            doors.functions
            | metering.functions
            | archive.functions
            | audit.functions
            | events.functions
            | (yawl.functions if yawl else {}),
            refused_by_design={"submit-batch": REFUSED_BY_DESIGN},
            failing_by_design={"registration": ONCE},
            often_called=OFTEN_CALLED,
            no_witnesses={
                CANARY,
                "tell-people",
                "buyer-usage",
                "usage-page",
                *archive.functions,
                *audit.functions,
                *events.functions,
                *(yawl.functions if yawl else ()),
            },
        )
        add_api_alarms(alarms.below("Api"), doors.api)
        add_product_alarms(
            alarms.below("Product"),
            registration=doors.behind.registration,
            subscriptions=doors.behind.subscription_notices,
            entitlements=doors.behind.entitlement_notices,
        )
        late = add_notice_alarms(
            alarms.below("Notices"),
            subscriptions=doors.behind.subscription_notices,
            entitlements=doors.behind.entitlement_notices,
            queues={"Subscription": doors.subscription_queue, "Entitlement": doors.entitlement_queue},
        )
        late += add_usage_queue_alarms(alarms.below("UsageQueue"), doors.usage_queue)
        hourly = alarms.below("Metering").of(metering.steps.report)
        add_run_alarms(hourly, metering.hourly.machine)
        add_hour_alarms(
            hourly,
            ticket_at_hours=settings.ticket_at_hours,
            page_at_hours=settings.page_at_hours,
            page_at_money=settings.page_at_money,
            currency=currency,
        )
        add_line_alarms(hourly)
        final = alarms.below("FinalMetering").of(metering.watcher)
        late.append(add_final_metering_alarms(final, metering.final.machine, stream_reader=metering.starter))
        if yawl:
            late += self._add_engines(alarms, yawl, page_at_hours=settings.page_at_hours)
        late.append(
            add_archive_alarms(
                alarms.below("Archive").of(archive.auditor),
                archiver=archive.archiver,
                dead_letters=archive.streams.dead_letters,
                audits=archive.calls.dead_letters,
                backup_failures=archive.backups.failures if archive.backups else None,
            )
        )
        add_reconciliation_alarms(
            alarms.below("Reconciliation").of(audit.reconcile_calls), dead_letters=audit.calls.dead_letters
        )
        late += self._add_telling(alarms, events)
        queues.add_late_alarm(alarms, late)
        queues.add_queue_alarm(alarms, "ScheduleDeadLetters", metering.schedule.dead_letters, queues.START)
        queues.add_queue_alarm(alarms, "LeavingDeadLetters", metering.start.dead_letters, queues.CANCELLATION)
        queues.add_queue_alarm(alarms, "LookDeadLetters", metering.look.dead_letters, queues.LOOK)
        if doors.mails:
            queues.add_queue_alarm(alarms, "MailDeadLetters", doors.mails.queue.dead_letters, queues.MAILS)
        queues.add_queue_alarm(alarms, "FailedLines", metering.failed_lines, queues.FAILED_LINES)
        add_rule_alarms(alarms.below("Events"), _rules_of(doors))
        add_schedule_alarms(alarms.below("Starts"), metering.schedules)
        add_schedule_alarms(alarms.below("Audits"), archive.schedules, AUDITS)
        add_schedule_alarms(alarms.below("Reconciliations"), audit.schedules, RECONCILIATIONS)
        add_mail_alarms(alarms.below("Mail"))
        # Last, because it makes the composite alarms of all groups.
        store = alarms.below("Store")
        add_store_alarms(store, data.table_names, canary=canary_of(store, CANARY, metering.functions[CANARY]))
        add_stage_dashboard(
            self,
            name=dashboard,
            settings=settings,
            dimensions=dimensions,
            currency=currency,
            metrics_namespace=metrics_namespace,
            told=routes.told,
            data=data,
            doors=doors,
            metering=metering,
            archive=archive,
            audit=audit,
            events=events,
            yawl=yawl,
        )
        CfnOutput(self, "MetricsNamespace", value=metrics_namespace)

    @staticmethod
    def _add_telling(alarms: Alarms, events: EventsStack) -> list[cloudwatch.Alarm]:
        """The alarms of what the app is told. Returns silent alarms of what waits for too long."""
        telling = alarms.below("Telling").of(events.teller)
        late = add_telling_alarms(
            telling,
            events.teller,
            changes=events.changes.queue,
            untold=events.changes.dead_letters,
            balances=events.balances.dead_letters,
        )
        if events.webhooks:
            late += add_webhook_alarms(
                telling, webhooks=events.webhooks.queue, undelivered=events.webhooks.dead_letters
            )
        return late

    @staticmethod
    def _add_engines(alarms: Alarms, yawl: YawlStack, *, page_at_hours: int) -> list[cloudwatch.Alarm]:
        """The alarms of the stage's engines. Returns silent alarms of what waits for too long."""
        rules = _rules_of(yawl)
        if rules:
            add_rule_alarms(alarms.below("AccessLogEvents"), rules, ACCESS_LOG)
        add_schedule_alarms(alarms.below("EngineCalls"), yawl.schedules, ENGINE_CALLS)
        return add_engine_alarms(
            alarms.below("Engines").of(yawl.behind.look_after),
            usage=yawl.usage,
            access_logs=yawl.access_logs,
            calls=yawl.calls,
            page_at_hours=page_at_hours,
        )


def _rules_of(stack: Stack) -> list[aws_events.Rule]:
    return [rule for rule in stack.node.find_all() if isinstance(rule, aws_events.Rule)]
