"""A FIFO queue whose message group is the customer: what happens to one is in order, and no customer waits for
another."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.functions.function import Function
from stacks.constructs.queues.dead_letters import RETENTION, DeadLetters

#: An event source mapping calls these with the function's role (AWSLambdaSQSQueueExecutionRole), and a function may say
#: when a message that failed comes again.
TAKE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")
REDRIVE = "a queue is the source, and its redrive policy is where failed messages go"
OF_THE_APP = "the app alone takes from it and deletes; a message that it cannot process is the app's to put aside"


def _fifo(scope: Construct, *, visibility: Duration, dead_letters: sqs.DeadLetterQueue | None) -> sqs.Queue:
    return sqs.Queue(
        scope,
        "Queue",
        fifo=True,
        # High throughput needs both per message group (SQS Developer Guide, "High throughput for FIFO queues").
        fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
        deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=RETENTION,
        visibility_timeout=visibility,
        dead_letter_queue=dead_letters,
    )


class OrderedQueue(Construct):
    """``queue`` of which a function takes; ``dead_letters`` gets what it failed to process in ``tries``."""

    def __init__(self, scope: Construct, id_: str, *, consumer_timeout: Duration, tries: int) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters", fifo=True).queue
        self.queue = _fifo(
            self,
            # At least six times the function's timeout (Lambda Developer Guide, "Using Lambda with Amazon SQS").
            visibility=Duration.seconds(int(consumer_timeout.to_seconds()) * 6),
            dead_letters=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=tries),
        )

    def feed(self, consumer: Function, *, batch_size: int, concurrency: int) -> None:
        """Let the function take from the queue, so many messages at once and so many copies side by side."""
        consumer.function.add_to_role_policy(iam.PolicyStatement(actions=list(TAKE), resources=[self.queue.queue_arn]))
        mapping = lambda_.EventSourceMapping(
            self,
            "Source",
            target=consumer.live,
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            max_concurrency=concurrency,
            report_batch_item_failures=True,
        )
        acknowledge(mapping, {"Serverless-LambdaEventSourceMappingDestination": REDRIVE})


class AppQueue(Construct):
    """``queue`` from which the app takes, in its own time."""

    def __init__(self, scope: Construct, id_: str, *, readers: Sequence[str]) -> None:
        """readers: roles and users (ARNs). One of another account needs the rights in its own account, too."""
        super().__init__(scope, id_)
        self.queue = _fifo(self, visibility=Duration.minutes(1), dead_letters=None)
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ArnPrincipal(arn) for arn in readers],
                actions=list(TAKE),
                resources=[self.queue.queue_arn],
            )
        )
        acknowledge(self.queue, {"AwsSolutions-SQS3": OF_THE_APP, "Serverless-SQSRedrivePolicy": OF_THE_APP})
