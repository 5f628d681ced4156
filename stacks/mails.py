"""Mails about buyers and to them: the stage's events → queue → function → a topic of e-mail addresses, Amazon SES."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from buyer.people.moments import FROM_THE_BUS
from ledger.tables import STATUS_INDEX
from runtime.settings import TellPeopleSettings
from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.alarms.routes import MAIL_REASON
from stacks.constructs.functions.functions import Functions
from stacks.constructs.queues.notice_queue import NoticeQueue
from stacks.data import DataStack
from stacks.stage import Email

#: A mail, or a look at the registrations that wait.
WITHIN = Duration.seconds(60)
LOOKS_EVERY = Duration.hours(1)


class Mails(Construct):
    """``queue`` takes what people are told of."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        email: Email,
        functions: Functions,
        data: DataStack,
        bus: events.IEventBus,
    ) -> None:
        """bus: of the stage's events (``SubscriberRegistered``, …)."""
        super().__init__(scope, id_)
        # The texts name no contact of a buyer; ``AlarmRoutes`` says why a topic of mails is not encrypted.
        self.topic = sns.Topic(self, "Vendor", enforce_ssl=True)
        for address in email.vendor:
            subscription = self.topic.add_subscription(subscriptions.EmailSubscription(address))
            acknowledge(subscription, {"Serverless-SNSRedrivePolicy": MAIL_REASON})
        settings = {"VENDOR_TOPIC_ARN": self.topic.topic_arn, "BUYER_FROM": email.buyer_from or ""}
        self.function = functions.with_settings(**settings).add(
            "tell-people",
            "buyer.handlers.tell_people.handler",
            TellPeopleSettings,
            "mails to people at the moments of a buyer's life that need one",
            service="registration",
            timeout=WITHIN,
            gets=(data.subscribers, data.notices),
            batch_gets=(data.subscribers,),
            queries=(data.subscribers.index(STATUS_INDEX),),
            puts=(data.notices,),
        )
        iam.Grant.add_to_principal(grantee=self.function, actions=["sns:Publish"], resource_arns=[self.topic.topic_arn])
        if email.buyer_from:
            self.function.function.add_to_role_policy(_sending(email.buyer_from))
        self.queue = NoticeQueue(self, "Queue", consumer=self.function)
        self.queue.receive_events(
            "Events",
            source=None,
            detail_types=FROM_THE_BUS,
            description="moments of buyers' lives that people are told of",
            bus=bus,
        )
        look = events.Rule(
            self,
            "Look",
            description="looks for registrations that AWS Marketplace has not confirmed",
            schedule=events.Schedule.rate(LOOKS_EVERY),
        )
        look.add_target(
            targets.SqsQueue(
                self.queue.queue,
                dead_letter_queue=self.queue.dead_letters,
                message=events.RuleTargetInput.from_object({"detail-type": "Look"}),
            )
        )


def _sending(sender: str) -> iam.PolicyStatement:
    """Sending as this address alone. SES looks at the identity of the address, or at that of its domain (SES Developer
    Guide, "Controlling access to Amazon SES"), whichever is verified."""
    names = (sender, sender.rpartition("@")[2])
    return iam.PolicyStatement(
        actions=["ses:SendEmail"],
        resources=[f"arn:{Aws.PARTITION}:ses:{Aws.REGION}:{Aws.ACCOUNT_ID}:identity/{name}" for name in names],
        conditions={"StringEquals": {"ses:FromAddress": sender}},
    )
