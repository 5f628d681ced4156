"""Worries about queues: something died in one, or nobody takes from it."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.alarms.alarm import FIVE_MINUTES, Meaning, add_alarm, add_silent
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.alarms.symptoms import Symptoms

WAITS = Meaning(
    happened="Usage, notices or changes of subscribers have waited too long, because nobody takes them.",
    money="Nothing is lost, but usage that is recorded after ten past the hour is billed in a later hour, and a buyer's"
    " start or end comes late.",
    look="Look at the silent alarm that is up and at the log of the function behind it: it fails, or it is throttled.",
)


class DeadLetterAlarm(Construct):
    """Anything in a queue that nobody takes from."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        queue: sqs.IQueue,
        means: Meaning,
        routes: AlarmRoutes,
        severity: Severity,
    ) -> None:
        super().__init__(scope, id_)
        self.alarm = add_alarm(self, "NotEmpty", metric=waiting(queue), means=means, routes=routes, severity=severity)


def add_not_empty(scope: Construct, id_: str, *, queue: sqs.IQueue, what: str) -> cloudwatch.Alarm:
    """Silent. what: what the messages are, for example ``Notices of subscriptions``."""
    return add_silent(
        scope, id_, metric=waiting(queue), happened=f"{what} could not be processed and are in the dead-letter queue."
    )


def add_too_old(scope: Construct, id_: str, *, queue: sqs.IQueue, what: str, oldest: Duration) -> cloudwatch.Alarm:
    """Silent. what: as above."""
    return add_silent(
        scope,
        id_,
        metric=queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum"),
        happened=f"{what} have waited for longer than {int(oldest.to_minutes())} minutes.",
        at_least=oldest.to_seconds(),
    )


def tell_of_late(scope: Construct, members: Sequence[cloudwatch.Alarm], symptoms: Symptoms) -> None:
    """One ticket for whatever waits: the silent alarms say what."""
    symptoms.add(scope, "QueuesLate", members=members, means=WAITS, severity=Severity.TICKET)


def waiting(queue: sqs.IQueue) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
