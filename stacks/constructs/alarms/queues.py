"""Worries about queues: something died in one, or nobody takes from it."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.alarms.alarm import add_alarm
from stacks.constructs.alarms.routes import AlarmRoutes, Severity

FIVE_MINUTES = Duration.minutes(5)


class DeadLetterAlarm(Construct):
    """Anything in a dead-letter queue."""

    def __init__(
        self, scope: Construct, id_: str, *, queue: sqs.IQueue, what: str, routes: AlarmRoutes, severity: Severity
    ) -> None:
        super().__init__(scope, id_)
        self.alarm: cloudwatch.Alarm = add_alarm(
            self,
            "NotEmpty",
            metric=queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum"),
            means=f"{what} could not be processed and wait in the dead-letter queue",
            routes=routes,
            severity=severity,
        )


class QueueAgeAlarm(Construct):
    """The oldest message waits too long."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        queue: sqs.IQueue,
        what: str,
        oldest: Duration,
        routes: AlarmRoutes,
        severity: Severity,
    ) -> None:
        super().__init__(scope, id_)
        self.alarm = add_alarm(
            self,
            "TooOld",
            metric=queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum"),
            means=f"{what} wait for longer than {int(oldest.to_minutes())} minutes",
            routes=routes,
            severity=severity,
            at_least=oldest.to_seconds(),
        )
