"""Alarms of queues: a message is dead, or no function takes it."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from stacks.constructs.alarms.bound import FIVE_MINUTES, Alarms
from stacks.constructs.alarms.message import Message, Page, Ticket

START = Page(
    happened="EventBridge Scheduler could not start the hourly workflow, and put the start into a dead-letter queue.",
    money="Usage stays pending until the next run, for 24 hours at most.",
    look="Look at the message in the dead-letter queue of Schedule for the error, and at the schedule's role. Then"
    " start the hourly workflow with the input {}.",
)
CANCELLATION = Page(
    happened="The function start-final-metering could not process a change of a subscriber, and Lambda put the record"
    " into a dead-letter queue.",
    money="If the buyer cancelled, its last hours are billed only if look-after-leavers, which runs every five minutes,"
    " has started final metering. The app may not have been told of the change.",
    look="Look in the log group of start-final-metering for the customer, and at the executions of the state machine"
    " FinalMetering whose names begin with its key.",
)
LOOK = Page(
    happened="EventBridge Scheduler could not invoke look-after-leavers, and put the call into the dead-letter queue"
    " of LookAfterLeavers.",
    money="Nothing is lost if the next call works. Until one does, the last hours of a cancelled buyer may not be"
    " billed.",
    look="Look at the message in the dead-letter queue for the error, and at the schedule's role.",
)
FAILED_LINES = Ticket(
    happened="A line of usage ended without being billed, and report put a copy of it into FailedLinesQueue.",
    money="The copy says whether the line is unconfirmed, that is, may have been billed all the same.",
    look="Look at the copies in FailedLinesQueue. Delete a copy when you have dealt with its line.",
)
MAILS = Ticket(
    happened="A moment of which people should have been told failed five times, and SQS put it into the dead-letter"
    " queue of Mails.",
    money="Nothing that is billed depends on it. The vendor's people, or a buyer, did not get a mail.",
    look="Look in the log group of tell-people for the error: SNS or SES refuses, or a table does not answer. Then"
    " redrive the queue.",
)
NOTICES_ABROAD = Page(
    happened="EventBridge could not pass an event of AWS Marketplace on to the stage's Region, and put it into the"
    " dead-letter queue in us-east-1.",
    money="A buyer's start or end is missing: its usage waits, or is not billed in time.",
    look="Look at the message in the dead-letter queue for the error. Correct the rule's role or the bus, then put the"
    " event on the stage's default bus.",
)


def add_queue_alarm(alarms: Alarms, id_: str, queue: sqs.IQueue, message: Message) -> None:
    """Call when there is a message in a queue that no function takes from."""
    alarms.below(id_).add("NotEmpty", visible(queue), message)


def dead_letters(alarms: Alarms, id_: str, queue: sqs.IQueue, what: str) -> cloudwatch.Alarm:
    """A silent alarm of messages in a dead-letter queue. what: what the messages are, for example ``Subscription
    notices``."""
    return alarms.silent(id_, visible(queue), f"{what} failed in every try and are in the dead-letter queue.")


def too_old(alarms: Alarms, id_: str, queue: sqs.IQueue, what: str, oldest: Duration) -> cloudwatch.Alarm:
    """A silent alarm of messages that wait for too long. what: as for ``dead_letters``."""
    return alarms.silent(
        id_,
        queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum"),
        f"{what} have waited in the queue for more than {int(oldest.to_minutes())} minutes.",
        at_least=oldest.to_seconds(),
    )


def add_late_alarm(alarms: Alarms, members: Sequence[cloudwatch.Alarm]) -> None:
    """Call with one ticket for all that waits; the silent alarms name what does."""
    alarms.group(
        "QueuesLate",
        members,
        Ticket(
            happened="Usage, notices, changes of subscribers, changes for the archive or events for the app have"
            " waited too long, because no function takes them, or the app's receiver does not.",
            money="No usage is lost, and the archive lacks only what waits for 24 hours. Usage recorded later than ten"
            " past the hour is billed in a later hour, and a buyer's start or end takes effect late, here or in the"
            " app.",
            look="Look at the silent alarm that is up (UsageQueue*TooOld, Notices*TooOld, FinalMeteringStreamTooOld,"
            " ArchiveStreamsTooOld, Telling*TooOld), then in the log group of the function behind that queue: it"
            " fails, or Lambda throttles it.",
        ),
    )


def visible(queue: sqs.IQueue) -> cloudwatch.Metric:
    """The metric of the messages in a queue that wait to be received."""
    return queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
