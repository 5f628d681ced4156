"""A dead-letter queue: it keeps messages for two weeks, encrypted, TLS only. ``constructs.alarms`` makes its alarm."""

import jsii
from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge

#: SQS's longest: people have this time to repair what made a message fail.
RETENTION = Duration.days(14)
LAST = "this is the dead-letter queue; its messages wait for a person, whom an alarm calls"


class DeadLetters(Construct):
    """A queue that keeps failed messages for two weeks, in which a person looks at them."""

    def __init__(self, scope: Construct, id_: str, *, fifo: bool = False) -> None:
        """A FIFO queue (``fifo``) is for the messages of a FIFO queue, since SQS wants both to be one, or neither."""
        super().__init__(scope, id_)
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=fifo or None,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
        )
        acknowledge(self.queue, {"AwsSolutions-SQS3": LAST, "Serverless-SQSRedrivePolicy": LAST})


@jsii.implements(lambda_.IEventSourceDlq)
class FailedBatches:
    """The destination of what the poller of a stream gives up. CDK's own would let the function ask for the queue's
    address and attributes as well, which the poller does not."""

    def __init__(self, queue: sqs.IQueue) -> None:
        self._queue = queue

    def bind(
        self, _target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction
    ) -> lambda_.DlqDestinationConfig:
        """Let the function's role send, and name the queue."""
        target_handler.add_to_role_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self._queue.queue_arn])
        )
        return lambda_.DlqDestinationConfig(destination=self._queue.queue_arn)
