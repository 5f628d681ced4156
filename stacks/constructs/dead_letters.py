"""A dead-letter queue: messages are kept for two weeks, encrypted, TLS only. Its alarm is made where the alarms are."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge

#: SQS's longest: time to repair what a message fell over
RETENTION = Duration.days(14)
LAST = "this is the dead-letter queue; what lies here waits for a person, an alarm calls one"


class DeadLetters(Construct):
    def __init__(self, scope: Construct, id_: str, *, fifo: bool = False) -> None:
        """fifo: as the queue that it stands behind (SQS: both are FIFO, or none is)."""
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
