"""Alarms of what the vendor's app is told. Billing does not depend on it; access to the app does."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from runtime.metric_names import EventMetric
from stacks.constructs.alarms.bound import FIVE_MINUTES, QUARTER, Alarms
from stacks.constructs.alarms.message import Ticket
from stacks.constructs.alarms.queues import add_queue_alarm, too_old
from stacks.constructs.functions.function import Function

#: An event is on the bus within seconds.
CHANGES_WAIT = Duration.minutes(10)
#: A balance changes once an hour.
BALANCES_WAIT = Duration.hours(1)
#: A receiver may be deployed anew, or be down for a while.
WEBHOOKS_WAIT = Duration.hours(1)
#: Refused tries in a quarter of an hour that are more than one event which a deployment of the receiver met.
REFUSED = 3
UNTOLD = Ticket(
    happened="A change of a customer could not be told to the app in a hundred tries, and is in the dead-letter queue"
    " of Changes.",
    money="Nothing is billed wrongly. The app does not know of it: a buyer who pays may have no access, or one who left"
    " still has.",
    look="Look in the log group of tell-events for the line 'not told', which names the customer and the error. Then"
    " send the change again with ops redrive changes.",
)
UNTOLD_BALANCE = Ticket(
    happened="A change of a balance could not be told to the app for 23 hours; the message in the dead-letter queue of"
    " Balances names its place in the table's stream.",
    money="Nothing is billed wrongly. The app may not know that a customer has used up what its contract includes; the"
    " next change of the same balance tells it.",
    look="Look in the log group of tell-events for the line 'not told', which names the customer and the error.",
)
UNDELIVERED = Ticket(
    happened="The app's receiver did not take a webhook for a day, and it is in the dead-letter queue of Webhooks.",
    money="Nothing is billed wrongly. The app does not know of it: a buyer who pays may have no access, or one who left"
    " still has.",
    look="Look in the log group of send-webhooks for the line 'webhook not delivered', which names the receiver's"
    " answer. When the receiver takes webhooks again, send them again with ops redrive webhooks.",
)


def add_telling_alarms(
    alarms: Alarms, teller: Function, *, changes: sqs.IQueue, untold: sqs.IQueue, balances: sqs.IQueue
) -> list[cloudwatch.Alarm]:
    """Returns silent alarms of changes that wait too long. untold, balances: dead letters of both sources."""
    add_queue_alarm(alarms, "ChangesDeadLetters", untold, UNTOLD)
    add_queue_alarm(alarms, "BalancesDeadLetters", balances, UNTOLD_BALANCE)
    age = cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="IteratorAge",
        dimensions_map={"FunctionName": teller.function.function_name},
        statistic="Maximum",
        period=FIVE_MINUTES,
    )
    return [
        too_old(alarms, "ChangesTooOld", changes, "Changes to be told to the app", CHANGES_WAIT),
        alarms.silent(
            "BalancesTooOld",
            age,
            "Changes of balances have waited for an hour to be looked at for the app.",
            at_least=BALANCES_WAIT.to_milliseconds(),
        ),
    ]


def add_webhook_alarms(alarms: Alarms, *, webhooks: sqs.IQueue, undelivered: sqs.IQueue) -> list[cloudwatch.Alarm]:
    """Returns silent alarms of webhooks that wait too long. alarms: of the function's service."""
    add_queue_alarm(alarms, "WebhooksDeadLetters", undelivered, UNDELIVERED)
    alarms.count(
        EventMetric.WEBHOOKS_REFUSED,
        QUARTER,
        Ticket(
            happened="The app's receiver refuses webhooks: it answered three of them within a quarter of an hour with"
            " 4xx, or with a redirect, which is not followed.",
            money="Nothing is billed wrongly. The events are tried again for a day, and the app does not know of them.",
            look="Look in the log group of send-webhooks for the line 'webhook not delivered': 401 or 403 mean another"
            " secret than ours, 404 and 3xx another address, 400 and 422 an event that the receiver cannot read.",
        ),
        at_least=REFUSED,
    )
    return [too_old(alarms, "WebhooksTooOld", webhooks, "Webhooks to the app", WEBHOOKS_WAIT)]
