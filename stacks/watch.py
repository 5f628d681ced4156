"""Watching: every alarm, routed by severity."""

from typing import Any

from aws_cdk import CfnOutput, CrossStackReferences, Duration, ReferenceStrength, Stack
from constructs import Construct

from stacks.constructs.alarms.alarm import add_alarm
from stacks.constructs.alarms.final_metering import FinalMeteringAlarms
from stacks.constructs.alarms.functions import FunctionAlarms
from stacks.constructs.alarms.metering import MeteringAlarms
from stacks.constructs.alarms.notices import NoticeAlarms
from stacks.constructs.alarms.queues import DeadLetterAlarm, QueueAgeAlarm
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.alarms.usage_queue import UsageQueueAlarms
from stacks.doors import DoorsStack
from stacks.metering import MeteringStack
from stacks.stage.alarms import AlarmSettings

#: notices move access and money; SQS keeps them for two weeks
NOTICE_WAITS = Duration.minutes(15)
#: overlapping runs meet the submitter's reserved concurrency, and the workflow tries again
REFUSED_BY_DESIGN = 100


class WatchStack(Stack):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        alarms: AlarmSettings,
        currency: str,
        metrics_namespace: str,
        doors: DoorsStack,
        metering: MeteringStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        # looking at something must not keep it from being renamed or taken away: with an export that is in use,
        # CloudFormation would refuse that until the alarms had been deployed without it
        CrossStackReferences.of(self).consume(ReferenceStrength.WEAK)
        self.routes = AlarmRoutes(self, "Routes", page=alarms.page, ticket=alarms.ticket)
        self._queues(doors, metering)
        self._functions(doors, metering)
        add_alarm(
            self,
            "ApiServerErrors",
            metric=doors.api.api.metric_server_error(period=Duration.minutes(5), statistic="Sum"),
            means="the API answered with 5xx: buyers and the engine are turned away",
            routes=self.routes,
            severity=Severity.PAGE,
        )
        NoticeAlarms(
            self,
            "Notices",
            namespace=metrics_namespace,
            subscription_room=doors.behind.subscription_notices.room,
            entitlement_room=doors.behind.entitlement_notices.room,
            routes=self.routes,
            severity=Severity.TICKET,
        )
        UsageQueueAlarms(self, "UsageQueue", queues=doors.usage_queue, routes=self.routes)
        MeteringAlarms(
            self,
            "Metering",
            workflow=metering.workflow.machine,
            namespace=metrics_namespace,
            service=metering.steps.report.room,
            routes=self.routes,
            ticket_at_hours=alarms.ticket_at_hours,
            page_at_hours=alarms.page_at_hours,
            page_at_money=alarms.page_at_money,
            currency=currency,
        )
        FinalMeteringAlarms(
            self,
            "FinalMetering",
            workflow=metering.final.workflow.machine,
            namespace=metrics_namespace,
            room=metering.final.room,
            routes=self.routes,
        )
        CfnOutput(self, "MetricsNamespace", value=metrics_namespace)

    def _queues(self, doors: DoorsStack, metering: MeteringStack) -> None:
        for id_, notices, what in (
            ("Subscription", doors.subscription_queue, "notices of subscriptions"),
            ("Entitlement", doors.entitlement_queue, "notices of entitlements"),
        ):
            DeadLetterAlarm(
                self,
                f"{id_}DeadLetters",
                queue=notices.dead_letters,
                what=what,
                routes=self.routes,
                severity=Severity.PAGE,
            )
            QueueAgeAlarm(
                self,
                f"{id_}Queue",
                queue=notices.queue,
                what=what,
                oldest=NOTICE_WAITS,
                routes=self.routes,
                severity=Severity.TICKET,
            )
        for id_, queue, what in (
            ("ScheduleDeadLetters", metering.schedule.dead_letters, "starts of metering runs"),
            ("LeavingDeadLetters", metering.final.start.dead_letters, "changes of subscribers who leave"),
            ("LeaversDeadLetters", metering.final.watch.dead_letters, "looks at who is leaving"),
        ):
            DeadLetterAlarm(self, id_, queue=queue, what=what, routes=self.routes, severity=Severity.PAGE)
        DeadLetterAlarm(
            self,
            "FailedLines",
            queue=metering.failed_lines,
            what="lines of usage",
            routes=self.routes,
            severity=Severity.TICKET,
        )

    def _functions(self, doors: DoorsStack, metering: MeteringStack) -> None:
        submitter = metering.steps.submit_batch
        for name, function in {**doors.functions, **metering.functions}.items():
            FunctionAlarms(
                self,
                f"Function-{name}",
                function=function,
                name=name,
                routes=self.routes,
                severity=Severity.TICKET,
                throttles_in_five_minutes=REFUSED_BY_DESIGN if function is submitter else 1,
            )
