"""Worries about who leaves: Marketplace takes his last hours for one hour only, and nobody else sends them in time."""

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.alarm import MISSING, add_alarm
from stacks.constructs.alarms.room_metric import room_metric
from stacks.constructs.alarms.routes import AlarmRoutes, Severity

FIVE_MINUTES = Duration.minutes(5)
QUARTER = Duration.minutes(15)


class FinalMeteringAlarms(Construct):
    def __init__(
        self, scope: Construct, id_: str, *, workflow: sfn.IStateMachine, namespace: str, room: str, routes: AlarmRoutes
    ) -> None:
        """namespace, room: where the function that looks after leavers emits."""
        super().__init__(scope, id_)
        for name, metric, means, severity in (
            (
                "Failed",
                workflow.metric_failed(period=FIVE_MINUTES),
                "final metering of a leaver failed: it is started again within minutes, but his grace is an hour",
                Severity.PAGE,
            ),
            (
                "TimedOut",
                workflow.metric_timed_out(period=FIVE_MINUTES),
                "final metering of a leaver took longer than a day: an hour of his cannot be sealed",
                Severity.PAGE,
            ),
            (
                "Aborted",
                workflow.metric_aborted(period=FIVE_MINUTES),
                "somebody stopped final metering of a leaver; it is started again within minutes",
                Severity.TICKET,
            ),
        ):
            add_alarm(self, name, metric=metric, means=means, routes=routes, severity=severity)
        add_alarm(
            self,
            "LeaversOverdue",
            metric=room_metric(
                MeteringMetric.LEAVERS_OVERDUE, namespace=namespace, room=room, statistic="Maximum", period=QUARTER
            ),
            means="somebody left more than an hour ago and is not metered to the end, or nobody has looked for a while",
            routes=routes,
            severity=Severity.PAGE,
            missing=MISSING.BREACHING,
        )
        add_alarm(
            self,
            "Restarted",
            metric=room_metric(
                MeteringMetric.FINAL_METERINGS_RESTARTED,
                namespace=namespace,
                room=room,
                statistic="Sum",
                period=QUARTER,
            ),
            means="final metering of a leaver was not under way and had to be started: see who should have done that",
            routes=routes,
            severity=Severity.TICKET,
        )
        add_alarm(
            self,
            "RemaindersUnbilled",
            metric=room_metric(
                MeteringMetric.REMAINDERS_UNBILLED, namespace=namespace, room=room, statistic="Sum", period=QUARTER
            ),
            means="somebody left with a billed unit or more that no hour could take: see remainderEnded of his balance",
            routes=routes,
            severity=Severity.TICKET,
        )
