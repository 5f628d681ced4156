"""Alarms of queued usage: it was refused, could not be recorded, or waits for too long."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.alarms.bound import Alarms
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.alarms.queues import dead_letters, too_old, visible
from stacks.constructs.queues.usage_queue import UsageQueue

#: Usage recorded later than ten past the hour is billed in a later hour.
USAGE_WAITS = Duration.minutes(15)
#: Each round of waiting is a new message, so no function has taken an old one for several rounds.
ROUND_WAITS = Duration.hours(1)
USAGE, ROUNDS = "Messages of usage", "Events of customers who are not active yet"


def add_usage_queue_alarms(alarms: Alarms, queues: UsageQueue) -> list[cloudwatch.Alarm]:
    """Returns silent alarms of usage that waits for too long."""
    alarms.add(
        "Refused",
        visible(queues.refused),
        Ticket(
            happened="The function usage-queue refused usage that a sender had put into the usage queue.",
            money="This usage is not billed, unless a person corrects it and sends it again.",
            look="Look at the messages in the queue UsageQueueRefused, which keeps them for 14 days: each says why.",
        ),
    )
    dead = [
        dead_letters(alarms, "UsageDeadLetters", queues.dead_letters, USAGE),
        dead_letters(alarms, "WaitingDeadLetters", queues.waiting_dead_letters, ROUNDS),
    ]
    alarms.group(
        "Dead",
        dead,
        Page(
            happened="The function usage-queue failed ten times to process a message of usage, and SQS put it into a"
            " dead-letter queue.",
            money="Its usage is not recorded and will not be billed. SQS keeps the message for 14 days.",
            look="Look in the log group of usage-queue. Repair what fails, then redrive the queues"
            " UsageQueueDeadLetters and UsageQueueWaitingDeadLetters.",
        ),
    )
    return [
        too_old(alarms, "UsageTooOld", queues.queue, USAGE, USAGE_WAITS),
        too_old(alarms, "WaitingTooOld", queues.waiting, ROUNDS, ROUND_WAITS),
    ]
