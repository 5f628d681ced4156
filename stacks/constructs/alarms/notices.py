"""Alarms of Marketplace's notices: one is dead, waits, or changed nothing and only a person can say why."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from runtime.metric_names import EntitlementMetric, SubscriptionMetric
from stacks.constructs.alarms.bound import HOUR, Alarms, sums_of
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.alarms.queues import dead_letters, too_old
from stacks.constructs.functions.function import Function
from stacks.constructs.queues.notice_queue import NoticeQueue

#: Notices start and end what buyers may use and what they pay. SQS keeps them for two weeks.
NOTICE_WAITS = Duration.minutes(15)
MAY_BE_MISSING = "A buyer's start, end or entitlement may be missing; usage after a missed end is not billed."


def add_notice_alarms(
    alarms: Alarms, *, subscriptions: Function, entitlements: Function, queues: Mapping[str, NoticeQueue]
) -> list[cloudwatch.Alarm]:
    """Returns silent alarms of notices that wait for too long.

    subscriptions, entitlements: they apply the notices. queues: by what is in them (``Subscription``).
    """

    def of_both(subscription: SubscriptionMetric, entitlement: EntitlementMetric) -> cloudwatch.MathExpression:
        # Both services receive a buyer's start, and neither can read what the other cannot. Over an hour, so that a
        # burst of notices is one ticket.
        counts = [
            alarms.of(subscriptions).metric(subscription, "Sum", HOUR),
            alarms.of(entitlements).metric(entitlement, "Sum", HOUR),
        ]
        (total,) = sums_of(counts, HOUR)
        return total

    alarms.add(
        "Unknown",
        of_both(SubscriptionMetric.NOTICES_UNKNOWN, EntitlementMetric.NOTICES_UNKNOWN),
        Ticket(
            happened="A notice of AWS Marketplace changed nothing, because its action or status is unknown, or because"
            " it belongs to the integration that the stage does not use.",
            money=MAY_BE_MISSING,
            look="Look at reason and detail in the table yawl-notices. If the notice should have counted, correct"
            " integration in the stage file.",
        ),
    )
    alarms.add(
        "Unreadable",
        of_both(SubscriptionMetric.NOTICES_UNREADABLE, EntitlementMetric.NOTICES_UNREADABLE),
        Ticket(
            happened="A notice of AWS Marketplace changed nothing, because a field that decides what it means is"
            " missing or malformed.",
            money=MAY_BE_MISSING,
            look="Look at reason and detail in the table yawl-notices, then at the buyer in the AWS Marketplace"
            " Management Portal.",
        ),
    )
    alarms.of(subscriptions).count(
        SubscriptionMetric.NOTICES_WAITING,
        HOUR,
        Ticket(
            happened="A notice of an agreement waits, because no buyer here belongs to that agreement yet.",
            money="We apply it when the buyer's licence arrives. If none arrives, that buyer's access or end is"
            " missing.",
            look="Look at waitingForAgreement in the table yawl-notices. If the buyer has not registered, ask it to.",
        ),
        id_="Waiting",
    )
    alarms.of(subscriptions).count(
        SubscriptionMetric.BUYER_WARNINGS,
        HOUR,
        Ticket(
            happened="AWS Marketplace warns of a buyer: an advisory on its agreement, or a payment that was not"
            " accepted.",
            money="We bill its usage as before. Whether it pays is between AWS, the buyer and you.",
            look="Look at GET /subscribers/{id} and at the agreement in the AWS Marketplace Management Portal.",
        ),
        id_="BuyerWarned",
    )
    # The search of agreements is of the same service, and the alarm looks at the service's count.
    alarms.of(subscriptions).count(
        SubscriptionMetric.NOTICES_LOST,
        HOUR,
        Ticket(
            happened="The hourly search of agreements found a start or an end of a buyer that no notice has told.",
            money="The buyer's start or end is applied now, up to an hour late. The next one may be lost as well.",
            look="Look in the log group of search-agreements for the buyers, and at the rule and the queues that bring"
            " notices.",
        ),
        id_="Lost",
    )
    dead = [
        dead_letters(alarms, f"{what}DeadLetters", queue.dead_letters, f"{what} notices")
        for what, queue in queues.items()
    ]
    alarms.group(
        "Dead",
        dead,
        Page(
            happened="A notice of AWS Marketplace failed five times, and SQS put it into a dead-letter queue.",
            money="A buyer's start, end or entitlement is missing: its hours wait, or its last hours are not billed in"
            " time.",
            look="Look in the log groups of subscription-notices and entitlement-notices. Repair what fails, then"
            " redrive the dead-letter queues of SubscriptionQueue and EntitlementQueue.",
        ),
    )
    return [
        too_old(alarms, f"{what}TooOld", queue.queue, f"{what} notices", NOTICE_WAITS) for what, queue in queues.items()
    ]
