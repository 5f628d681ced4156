"""The stage's queues, and what a message in each means."""

from typing import NamedTuple

from ops.stage import OpenStage


class Queue(NamedTuple):
    """A queue by the output that has its URL. bad: a message in it needs a person. about: what a message in it is."""

    stack: str
    output: str
    bad: bool
    about: str


QUEUES = (
    Queue("Doors", "UsageQueueUrl", False, "reported usage that is about to be recorded"),
    Queue("Doors", "WaitingUsageQueueUrl", False, "usage of customers that are not active yet, tried for a day"),
    Queue("Doors", "RefusedUsageQueueUrl", True, "usage that was refused for good, each with its reason"),
    Queue("Doors", "UsageDeadLettersUrl", True, "usage that failed in every try: not recorded"),
    Queue("Doors", "WaitingUsageDeadLettersUrl", True, "waiting usage that failed in every try: not recorded"),
    Queue("Doors", "SubscriptionQueueUrl", False, "notices of subscriptions"),
    Queue("Doors", "SubscriptionDeadLettersUrl", True, "notices of subscriptions that failed in every try"),
    Queue("Doors", "EntitlementQueueUrl", False, "notices of entitlements"),
    Queue("Doors", "EntitlementDeadLettersUrl", True, "notices of entitlements that failed in every try"),
    Queue("Metering", "FailedLinesUrl", True, "copies of lines that ended otherwise than billed"),
    Queue("Metering", "ScheduleDeadLettersUrl", True, "runs that could not be started"),
    Queue("Metering", "LeavingDeadLettersUrl", True, "cancellations whose final metering could not be started"),
    Queue("Metering", "LookDeadLettersUrl", True, "looks after cancelled customers that could not be started"),
    Queue("Yawl", "EngineUsageQueueUrl", False, "usage of engines that is about to be recorded"),
    Queue("Yawl", "EngineUsageDeadLettersUrl", True, "usage of engines that failed in every try: not recorded"),
    Queue("Yawl", "UnattributedUsageQueueUrl", True, "usage of a shared engine that has no customer: not billed"),
    Queue("Yawl", "CallsDeadLettersUrl", True, "readings of engines that could not be started"),
    Queue("Yawl", "AccessLogsQueueUrl", False, "access logs that are about to be read"),
    Queue("Yawl", "AccessLogsDeadLettersUrl", True, "access logs that could not be read"),
    Queue("Events", "ChangesQueueUrl", False, "changes of subscribers that the app is about to be told of"),
    Queue("Events", "ChangesDeadLettersUrl", True, "changes of subscribers that the app was not told of"),
    Queue("Events", "BalancesDeadLettersUrl", True, "used allowances that the app was not told of"),
    Queue("Events", "WebhookQueueUrl", False, "webhooks that are about to be sent, or sent again"),
    Queue("Events", "WebhookDeadLettersUrl", True, "webhooks that the app did not take for a day"),
    Queue("Archive", "ArchiveDeadLettersUrl", True, "changes that are not in the archive"),
    Queue("Archive", "AuditsDeadLettersUrl", True, "audits of the archive that could not be started"),
    Queue("Audit", "ReconciliationsDeadLettersUrl", True, "reconciliations that could not be started"),
)


class Depth(NamedTuple):
    """A queue as it is: messages that wait, and messages that are being worked on (both as SQS counts, about)."""

    queue: Queue
    waiting: int
    under_way: int


def depths(stage: OpenStage) -> list[Depth]:
    """Every queue that the stage has."""
    found = []
    for queue in QUEUES:
        url = stage.output(queue.stack, queue.output)
        if url is None:
            continue
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = stage.aws.ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names)["Attributes"]
        found.append(Depth(queue, *(int(answer.get(name, 0)) for name in names)))
    return found
