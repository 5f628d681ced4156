"""Notices of AWS Marketplace: topic and event rule → queue → function, with a dead-letter queue.

The queue keeps notices while the function fails, and lets a batch fail in part.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from marketplace.regions import OPT_IN_REGIONS
from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.functions.function import Function
from stacks.constructs.queues.dead_letters import RETENTION, DeadLetters
from stacks.constructs.queues.usage_queue import TAKE

RECEIVES_BEFORE_DEAD = 5
#: Notices come one by one, or many at once when Marketplace repeats them. Usage and metering need the account's
#: concurrency, too.
CONCURRENCY = 10
NO_REDRIVE_ABROAD = "its dead-letter queue would have to be in the topic's Region; SNS retries a queue for 23 days"
REDRIVE = "a queue is the source, and its redrive policy is where failed messages go"


class NoticeQueue(Construct):
    """``subscribe_to`` and ``receive_events`` feed the queue, and the queue feeds the function."""

    def __init__(self, scope: Construct, id_: str, *, consumer: Function, batch_size: int = 10) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
            # At least six times the function's timeout (Lambda Developer Guide, "Using Lambda with Amazon SQS").
            visibility_timeout=Duration.seconds(int(consumer.timeout.to_seconds()) * 6),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=RECEIVES_BEFORE_DEAD),
        )
        consumer.function.add_to_role_policy(iam.PolicyStatement(actions=list(TAKE), resources=[self.queue.queue_arn]))
        mapping = lambda_.EventSourceMapping(
            self,
            "Source",
            target=consumer.live,
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            max_concurrency=CONCURRENCY,
            report_batch_item_failures=True,
        )
        acknowledge(mapping, {"Serverless-LambdaEventSourceMappingDestination": REDRIVE})

    def subscribe_to(self, topics: Mapping[str, str]) -> None:
        """Subscribe to topics of one Region that another account owns; raw delivery stays off. topics: their ARNs by
        the ids of their subscriptions."""
        if not topics:
            return
        arns = list(topics.values())
        own = Stack.of(self).region
        # One statement for all: a queue's policy takes 20 (Amazon SQS quotas).
        self._accept("sns.amazonaws.com", arns, self.queue)
        if own in OPT_IN_REGIONS:
            self._accept(f"sns.{own}.amazonaws.com", arns, self.queue)
        region = arns[0].split(":")[3]
        # A subscription's dead-letter queue must be in the topic's Region.
        same_region = not Token.is_unresolved(own) and own == region
        if same_region:
            self._accept("sns.amazonaws.com", arns, self.dead_letters)
        for id_, arn in topics.items():
            self._subscribe(id_, arn, region, same_region=same_region)

    def _subscribe(self, id_: str, topic_arn: str, region: str, *, same_region: bool) -> None:
        subscription = sns.CfnSubscription(
            self,
            id_,
            protocol="sqs",
            topic_arn=topic_arn,
            region=region,
            endpoint=self.queue.queue_arn,
            redrive_policy={"deadLetterTargetArn": self.dead_letters.queue_arn} if same_region else None,
        )
        if not same_region:
            acknowledge(subscription, {"Serverless-SNSRedrivePolicy": NO_REDRIVE_ABROAD})
        # SNS delivers from the first moment of the subscription.
        subscription.node.add_dependency(self.queue)

    def receive_events(
        self,
        id_: str,
        *,
        source: str | None,
        detail_types: Sequence[str],
        description: str,
        detail: Mapping[str, Any] | None = None,
        account: str | None = None,
        bus: events.IEventBus | None = None,
    ) -> events.Rule:
        """Take these events from the bus, by default the account's default bus.

        source: None for any. detail: the pattern of their detail, None for all. account: in which they arose, None for
        any.
        """
        rule = events.Rule(
            self,
            id_,
            description=description,
            event_bus=bus,
            event_pattern=events.EventPattern(
                account=[account] if account else None,
                source=[source] if source else None,
                detail_type=list(detail_types),
                detail=detail,
            ),
        )
        rule.add_target(
            targets.SqsQueue(
                self.queue,
                dead_letter_queue=self.dead_letters,
                max_event_age=Duration.hours(24),
                retry_attempts=185,
            )
        )
        return rule

    @staticmethod
    def _accept(service: str, source_arns: list[str], queue: sqs.Queue) -> None:
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(service)],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": source_arns}},
            )
        )
