"""Worries about queued usage: it was refused, it is not recorded, or it could not be processed."""

from aws_cdk import Duration
from constructs import Construct

from stacks.constructs.alarms.alarm import add_alarm
from stacks.constructs.alarms.queues import FIVE_MINUTES, DeadLetterAlarm, QueueAgeAlarm
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.usage_queue import UsageQueue

#: usage that is recorded later than ten past the hour is billed in a later one
USAGE_WAITS = Duration.minutes(15)
#: each round of what waits is a new message: an old one was not taken for rounds
ROUND_WAITS = Duration.hours(1)


class UsageQueueAlarms(Construct):
    def __init__(self, scope: Construct, id_: str, *, queues: UsageQueue, routes: AlarmRoutes) -> None:
        super().__init__(scope, id_)
        add_alarm(
            self,
            "Refused",
            metric=queues.refused.metric_approximate_number_of_messages_visible(
                period=FIVE_MINUTES, statistic="Maximum"
            ),
            means="usage from the queue was refused and is not billed; each message of the refused-usage queue says why"
            " and is kept for 14 days",
            routes=routes,
            severity=Severity.TICKET,
        )
        for name, queue, dead_letters, oldest, what in (
            ("Usage", queues.queue, queues.dead_letters, USAGE_WAITS, "messages of usage"),
            ("Waiting", queues.waiting, queues.waiting_dead_letters, ROUND_WAITS, "events of customers not active yet"),
        ):
            QueueAgeAlarm(
                self, f"{name}Queue", queue=queue, what=what, oldest=oldest, routes=routes, severity=Severity.TICKET
            )
            DeadLetterAlarm(
                self,
                f"{name}DeadLetters",
                queue=dead_letters,
                what=what,
                routes=routes,
                severity=Severity.PAGE,
            )
