"""Usage by queue: FIFO queue → function, a queue for events that have to wait, and one for refused events.

The message group is the customer: one writer at a time records its events, so that they do not collide, and no customer
waits for another.
"""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.functions.function import Function
from stacks.constructs.queues.dead_letters import RETENTION, DeadLetters

#: A message fails when several writers contend for its customer, or a table does not answer. Both pass.
RECEIVES_BEFORE_DEAD = 10
BATCH_SIZE = 10
#: The limit of a request to the API, too. SQS refuses larger messages to their sender.
LARGEST_USAGE_BYTES = 256 * 1024
#: The function adds to what it passes on; SQS takes 1 MiB.
LARGEST_PASSED_ON_BYTES = 1024 * 1024
#: Message groups are processed in parallel. Waiting events have time.
USAGE_CONCURRENCY = 50
WAITING_CONCURRENCY = 5
#: An event source mapping calls these with the function's role (AWSLambdaSQSQueueExecutionRole).
TAKE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
FOR_PEOPLE = "refused messages wait here for a person, whom an alarm calls; no function receives from it"
REDRIVE = "a queue is the source, and its redrive policy is where failed messages go"


def visible_again(consumer_timeout: Duration) -> Duration:
    """When a message that was taken and not deleted comes again: at least six times the function's timeout (Lambda
    Developer Guide, "Using Lambda with Amazon SQS")."""
    return Duration.seconds(int(consumer_timeout.to_seconds()) * 6)


def usage_fifo(scope: Construct, id_: str, *, visibility: Duration, dead_letters: sqs.IQueue) -> sqs.Queue:
    """A FIFO queue of usage."""
    return sqs.Queue(
        scope,
        id_,
        fifo=True,
        # High throughput needs both per message group (SQS Developer Guide, "High throughput for FIFO queues").
        fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
        deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP,
        # For senders without a deduplication id: equal bodies hold equal event ids.
        content_based_deduplication=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        max_message_size_bytes=LARGEST_USAGE_BYTES,
        retention_period=RETENTION,
        visibility_timeout=visibility,
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=RECEIVES_BEFORE_DEAD),
    )


class UsageQueue(Construct):
    """The queue of usage and the consumer's own queues. ``queue``: senders put usage here. ``waiting``, ``refused``:
    the consumer puts messages there."""

    def __init__(self, scope: Construct, id_: str, *, consumer_timeout: Duration, retry_after: Duration) -> None:
        """A message stays ``retry_after`` in the waiting queue before the next try, at most 15 minutes."""
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters", fifo=True).queue
        self.waiting_dead_letters = DeadLetters(self, "WaitingDeadLetters").queue
        visibility = visible_again(consumer_timeout)
        self.queue = usage_fifo(self, "Queue", visibility=visibility, dead_letters=self.dead_letters)
        self.waiting = sqs.Queue(
            self,
            "Waiting",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            delivery_delay=retry_after,
            max_message_size_bytes=LARGEST_PASSED_ON_BYTES,
            retention_period=RETENTION,
            visibility_timeout=visibility,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.waiting_dead_letters, max_receive_count=RECEIVES_BEFORE_DEAD
            ),
        )
        self.refused = sqs.Queue(
            self,
            "Refused",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            max_message_size_bytes=LARGEST_PASSED_ON_BYTES,
            retention_period=RETENTION,
        )
        acknowledge(self.refused, {"AwsSolutions-SQS3": FOR_PEOPLE, "Serverless-SQSRedrivePolicy": FOR_PEOPLE})

    def let_in(self, senders: Sequence[str]) -> None:
        """Let roles and users (ARNs) send. One of another account needs the right in its own account, too."""
        if senders:
            self.queue.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ArnPrincipal(arn) for arn in senders],
                    actions=["sqs:SendMessage"],
                    resources=[self.queue.queue_arn],
                )
            )

    def feed(self, consumer: Function) -> None:
        """Let the function take from the usage and the waiting queue, and send to the waiting and the refused one."""
        self._allow(consumer, TAKE, (self.queue, self.waiting))
        self._allow(consumer, ("sqs:SendMessage",), (self.waiting, self.refused))
        self._source("Source", self.queue, consumer, USAGE_CONCURRENCY)
        self._source("WaitingSource", self.waiting, consumer, WAITING_CONCURRENCY)

    def feed_also(self, id_: str, queue: sqs.IQueue, consumer: Function) -> None:
        """Let the function take from another queue of usage as well. id_: of the mapping."""
        self._allow(consumer, TAKE, (queue,))
        self._source(id_, queue, consumer, USAGE_CONCURRENCY)

    def _source(self, id_: str, queue: sqs.IQueue, consumer: Function, concurrency: int) -> None:
        mapping = lambda_.EventSourceMapping(
            self,
            id_,
            target=consumer.live,
            event_source_arn=queue.queue_arn,
            batch_size=BATCH_SIZE,
            max_concurrency=concurrency,
            report_batch_item_failures=True,
        )
        acknowledge(mapping, {"Serverless-LambdaEventSourceMappingDestination": REDRIVE})

    @staticmethod
    def _allow(consumer: Function, actions: Sequence[str], queues: Sequence[sqs.IQueue]) -> None:
        consumer.function.add_to_role_policy(
            iam.PolicyStatement(actions=list(actions), resources=[queue.queue_arn for queue in queues])
        )
