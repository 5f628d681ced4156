"""Watching: every alarm, routed by severity."""

from typing import Any

from aws_cdk import CfnOutput, CrossStackReferences, ReferenceStrength, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from stacks.constructs.alarms import dead_letters
from stacks.constructs.alarms.api import ApiAlarms
from stacks.constructs.alarms.delivery import MailAlarms, RuleAlarm, ScheduleAlarms
from stacks.constructs.alarms.final_metering import FinalMeteringAlarms
from stacks.constructs.alarms.functions import FunctionAlarms
from stacks.constructs.alarms.metering import MeteringAlarms
from stacks.constructs.alarms.notices import NoticeAlarms
from stacks.constructs.alarms.product import ProductAlarms
from stacks.constructs.alarms.queues import DeadLetterAlarm, tell_of_late
from stacks.constructs.alarms.room_alarms import RoomAlarms
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.alarms.store import StoreAlarms
from stacks.constructs.alarms.symptoms import Symptoms
from stacks.constructs.alarms.usage_queue import UsageQueueAlarms
from stacks.data import DataStack
from stacks.doors import DoorsStack
from stacks.metering import MeteringStack
from stacks.stage import AlarmSettings

#: overlapping runs meet the submitter's reserved concurrency, and the workflow tries again
REFUSED_BY_DESIGN = 300


class WatchStack(Stack):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        alarms: AlarmSettings,
        currency: str,
        metrics_namespace: str,
        data: DataStack,
        doors: DoorsStack,
        metering: MeteringStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        # looking at something must not keep it from being renamed or taken away: with an export that is in use,
        # CloudFormation would refuse that until the alarms had been deployed without it
        CrossStackReferences.of(self).consume(ReferenceStrength.WEAK)
        self.routes = AlarmRoutes(self, "Routes", page=alarms.page, ticket=alarms.ticket)
        self._namespace = metrics_namespace
        self._symptoms = Symptoms()
        functions = FunctionAlarms(
            self,
            "Functions",
            functions={**doors.functions, **metering.functions},
            refused_by_design={metering.steps.submit_batch.node.id: REFUSED_BY_DESIGN},
            symptoms=self._symptoms,
        )
        self._doors(doors)
        self._metering(metering, alarms, currency)
        tell_of_late(self, [*self._notices.late, *self._usage.late, self._final.late], self._symptoms)
        self._delivery(doors, metering)
        # last: it tells of all that was collected
        StoreAlarms(
            self,
            "Store",
            tables=data.table_names,
            canary=functions.errors[metering.final.watcher.node.id],
            symptoms=self._symptoms,
            routes=self.routes,
        )
        CfnOutput(self, "MetricsNamespace", value=metrics_namespace)

    def _room(self, room: str) -> RoomAlarms:
        return RoomAlarms(namespace=self._namespace, room=room, routes=self.routes)

    def _doors(self, doors: DoorsStack) -> None:
        ApiAlarms(
            self,
            "Api",
            api=doors.api.api,
            access_log=doors.api.access_log,
            namespace=self._namespace,
            symptoms=self._symptoms,
            routes=self.routes,
        )
        subscriptions = self._room(doors.behind.subscription_notices.room)
        entitlements = self._room(doors.behind.entitlement_notices.room)
        ProductAlarms(
            self,
            "Product",
            registration=self._room(doors.behind.registration.room),
            subscriptions=subscriptions,
            entitlements=entitlements,
        )
        self._notices = NoticeAlarms(
            self,
            "Notices",
            subscriptions=subscriptions,
            entitlements=entitlements,
            queues={
                "Subscription": (doors.subscription_queue.queue, doors.subscription_queue.dead_letters),
                "Entitlement": (doors.entitlement_queue.queue, doors.entitlement_queue.dead_letters),
            },
            symptoms=self._symptoms,
        )
        self._usage = UsageQueueAlarms(
            self, "UsageQueue", queues=doors.usage_queue, symptoms=self._symptoms, routes=self.routes
        )

    def _metering(self, metering: MeteringStack, alarms: AlarmSettings, currency: str) -> None:
        MeteringAlarms(
            self,
            "Metering",
            workflow=metering.workflow.machine,
            room=self._room(metering.steps.report.room),
            symptoms=self._symptoms,
            ticket_at_hours=alarms.ticket_at_hours,
            page_at_hours=alarms.page_at_hours,
            page_at_money=alarms.page_at_money,
            currency=currency,
        )
        self._final = FinalMeteringAlarms(
            self,
            "FinalMetering",
            workflow=metering.final.workflow.machine,
            starter=metering.final.starter.function,
            room=self._room(metering.final.room),
            symptoms=self._symptoms,
        )
        for id_, queue, means, severity in (
            ("ScheduleDeadLetters", metering.schedule.dead_letters, dead_letters.START, Severity.PAGE),
            ("LeavingDeadLetters", metering.final.start.dead_letters, dead_letters.LEAVING, Severity.PAGE),
            ("LookDeadLetters", metering.final.watch.dead_letters, dead_letters.LOOK, Severity.PAGE),
            ("FailedLines", metering.failed_lines, dead_letters.FAILED_LINES, Severity.TICKET),
        ):
            DeadLetterAlarm(self, id_, queue=queue, means=means, routes=self.routes, severity=severity)

    def _delivery(self, doors: DoorsStack, metering: MeteringStack) -> None:
        rules = [node for node in doors.node.find_all() if isinstance(node, events.Rule)]
        RuleAlarm(self, "Events", rules=rules, routes=self.routes)
        ScheduleAlarms(self, "Starts", group=metering.schedules, routes=self.routes)
        MailAlarms(self, "Mail", routes=self.routes)
