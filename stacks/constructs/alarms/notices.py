"""Worries about Marketplace's notices: they died, they wait, or they changed nothing and only a person knows why."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from runtime.metric_names import EntitlementMetric, SubscriptionMetric
from stacks.constructs.alarms.alarm import HOUR, Meaning, add_alarm, sum_of
from stacks.constructs.alarms.queues import add_not_empty, add_too_old
from stacks.constructs.alarms.room_alarms import RoomAlarms
from stacks.constructs.alarms.routes import Severity
from stacks.constructs.alarms.symptoms import Symptoms

#: notices move access and money; SQS keeps them for two weeks
NOTICE_WAITS = Duration.minutes(15)

UNKNOWN = Meaning(
    happened="Notices of AWS Marketplace were kept and changed nothing, because their action or status is unknown or"
    " they are of the other integration.",
    money="A buyer's start, end or entitlement may be missing; usage after a missed end is not billed.",
    look="Look at the notices table by reason; if one of them should have counted, mend integration in the stage file.",
)
UNREADABLE = Meaning(
    happened="Notices of AWS Marketplace were kept and changed nothing, because a field that decides what they mean is"
    " missing.",
    money="A buyer's start, end or entitlement may be missing; usage after a missed end is not billed.",
    look="Look at the notices table by reason, then at the buyer in the AWS Marketplace Management Portal.",
)
WAITING = Meaning(
    happened="Notices of agreements are kept until a buyer is bound to that agreement.",
    money="If the licence comes they are applied; if it does not, a buyer's access or end is missing.",
    look="Look at the notices table by agreement; if the buyer has not registered, ask him to.",
)
WARNED = Meaning(
    happened="AWS Marketplace warns of a buyer: an advisory on his agreement, or a payment that was not accepted.",
    money="His usage is billed as before; whether it will be paid is between AWS, the buyer and you.",
    look="Look at GET /subscribers/{id} and at the agreement in the AWS Marketplace Management Portal.",
)
DEAD = Meaning(
    happened="Notices of AWS Marketplace could not be processed five times and are in a dead-letter queue.",
    money="A buyer's start, end or entitlement is missing; his hours wait, or his last hours are not billed in time.",
    look="Look at the logs of subscription-notices and entitlement-notices, mend what fails, then redrive the dead"
    " letters of both queues.",
)


class NoticeAlarms(Construct):
    """late: silent alarms of notices that nobody takes, for whoever tells of what waits."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        subscriptions: RoomAlarms,
        entitlements: RoomAlarms,
        queues: dict[str, tuple[sqs.IQueue, sqs.IQueue]],
        symptoms: Symptoms,
    ) -> None:
        """queues: by whose notices are in them (``Subscription``), each with its dead letters."""
        super().__init__(scope, id_)
        # an hour: one ticket for a burst of notices, not one each
        for name, here, there, means in (
            ("Unknown", SubscriptionMetric.NOTICES_UNKNOWN, EntitlementMetric.NOTICES_UNKNOWN, UNKNOWN),
            ("Unreadable", SubscriptionMetric.NOTICES_UNREADABLE, EntitlementMetric.NOTICES_UNREADABLE, UNREADABLE),
        ):
            # both rooms are given a buyer's start, and what one of them cannot read the other cannot either
            both = subscriptions.metric(here, "Sum", HOUR), entitlements.metric(there, "Sum", HOUR)
            add_alarm(
                self,
                name,
                metric=sum_of(*both, period=HOUR),
                means=means,
                routes=subscriptions.routes,
                severity=Severity.TICKET,
            )
        subscriptions.count(
            self, SubscriptionMetric.NOTICES_WAITING, WAITING, Severity.TICKET, period=HOUR, id_="Waiting"
        )
        subscriptions.count(
            self, SubscriptionMetric.BUYER_WARNINGS, WARNED, Severity.TICKET, period=HOUR, id_="BuyerWarned"
        )
        dead = [
            add_not_empty(self, f"{whose}DeadLetters", queue=letters, what=f"{whose} notices")
            for whose, (_, letters) in queues.items()
        ]
        symptoms.add(self, "Dead", members=dead, means=DEAD, severity=Severity.PAGE)
        self.late: list[cloudwatch.Alarm] = [
            add_too_old(self, f"{whose}TooOld", queue=queue, what=f"{whose} notices", oldest=NOTICE_WAITS)
            for whose, (queue, _) in queues.items()
        ]
