"""Worries about queued usage: it was refused, it is not recorded, or it could not be processed."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.alarm import Meaning, add_alarm
from stacks.constructs.alarms.queues import add_not_empty, add_too_old, waiting
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.alarms.symptoms import Symptoms
from stacks.constructs.usage_queue import UsageQueue

#: usage that is recorded later than ten past the hour is billed in a later one
USAGE_WAITS = Duration.minutes(15)
#: each round of what waits is a new message: an old one was not taken for rounds
ROUND_WAITS = Duration.hours(1)

REFUSED = Meaning(
    happened="Usage from the queue was refused.",
    money="It is not billed, unless somebody mends it and sends it again.",
    look="Look at the messages of the refused-usage queue, which are kept for 14 days: each says why.",
)
DEAD = Meaning(
    happened="A message of usage could not be processed ten times and is in a dead-letter queue.",
    money="Its usage is not recorded and will not be billed; the queue keeps it for 14 days.",
    look="Look at the log of usage-queue, mend what fails, then redrive the dead letters of the usage queue and of the"
    " waiting queue.",
)


class UsageQueueAlarms(Construct):
    """late: silent alarms of usage that nobody takes, for whoever tells of what waits."""

    def __init__(
        self, scope: Construct, id_: str, *, queues: UsageQueue, symptoms: Symptoms, routes: AlarmRoutes
    ) -> None:
        super().__init__(scope, id_)
        add_alarm(
            self,
            "Refused",
            metric=waiting(queues.refused),
            means=REFUSED,
            routes=routes,
            severity=Severity.TICKET,
        )
        usage, rounds = "Messages of usage", "Events of customers who are not active yet"
        dead = [
            add_not_empty(self, "UsageDeadLetters", queue=queues.dead_letters, what=usage),
            add_not_empty(self, "WaitingDeadLetters", queue=queues.waiting_dead_letters, what=rounds),
        ]
        symptoms.add(self, "Dead", members=dead, means=DEAD, severity=Severity.PAGE)
        self.late: list[cloudwatch.Alarm] = [
            add_too_old(self, "UsageTooOld", queue=queues.queue, what=usage, oldest=USAGE_WAITS),
            add_too_old(self, "WaitingTooOld", queue=queues.waiting, what=rounds, oldest=ROUND_WAITS),
        ]
