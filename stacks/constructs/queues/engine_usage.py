"""Usage that the YAWL connector found: a FIFO queue for the function that records it, and the usage without a customer.

The message group is the customer, as in ``usage_queue``. Only the connector's own functions get the right to send.
"""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.queues.dead_letters import RETENTION, DeadLetters
from stacks.constructs.queues.usage_queue import usage_fifo, visible_again

FOR_PEOPLE = (
    "usage without a customer waits here for a person, whom an alarm calls, and to whom it belongs is looked up"
)


class EngineUsage(Construct):
    """``queue``: usage of customers. ``unattributed``: usage for which the stage file names no customer."""

    def __init__(self, scope: Construct, id_: str, *, consumer_timeout: Duration) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters", fifo=True).queue
        self.queue = usage_fifo(
            self, "Queue", visibility=visible_again(consumer_timeout), dead_letters=self.dead_letters
        )
        self.unattributed = sqs.Queue(
            self,
            "Unattributed",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
        )
        acknowledge(self.unattributed, {"AwsSolutions-SQS3": FOR_PEOPLE, "Serverless-SQSRedrivePolicy": FOR_PEOPLE})
