"""Alarms of delivery: of Marketplace's events, of scheduled starts, and of the alarms' own e-mails."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler

from stacks.constructs.alarms.bound import FIVE_MINUTES, QUARTER, Alarms, sums_of
from stacks.constructs.alarms.message import Message, Page, Severity, Ticket

#: A rule has given up, and could not use its dead-letter queue either (EventBridge User Guide, "EventBridge metrics").
LOST = ("FailedInvocations", "InvocationsFailedToBeSentToDlq")
#: Failed starts in a quarter of an hour that are more than a hiccup. Scheduler repeats them.
RETRIED = 3
MARKETPLACE_EVENT = Page(
    happened="EventBridge could not deliver an event of AWS Marketplace to its queue.",
    money="A buyer's start or end may be missing: its usage waits, or is not billed in time.",
    look="Look at the dead-letter queues of SubscriptionQueue and EntitlementQueue. If the event is not there,"
    " compare the agreement in the AWS Marketplace Management Portal, and check the queue's policy.",
)
ACCESS_LOG = Page(
    happened="EventBridge could not deliver the event of a load balancer's access log to its queue.",
    money="The calls and bytes of that log are not billed.",
    look="Look at the dead-letter queue of AccessLogs. If the event is not there, check the queue's policy, and put an"
    " event for each object of that time into the queue.",
)
STARTS = (
    Page(
        happened="EventBridge Scheduler gave up a start and could not put it into its dead-letter queue either.",
        money="An hourly metering run or a run of look-after-leavers did not happen. Usage stays pending until the"
        " next run.",
        look="Look at the roles of the schedules in EventBridge Scheduler and at the policies of their dead-letter"
        " queues, then start the hourly workflow with the input {}.",
    ),
    Ticket(
        happened="EventBridge Scheduler fails to start the hourly workflow or look-after-leavers, and tries again.",
        money="Nothing is lost yet. A start that Scheduler gives up goes to a dead-letter queue, which pages.",
        look="Look at the roles of the schedules, at the state machine HourlyMetering and at the function"
        " look-after-leavers.",
    ),
)
ENGINE_CALLS = (
    Ticket(
        happened="EventBridge Scheduler gave up a call of reconcile-engine or look-after-engines, and could not put it"
        " into its dead-letter queue either.",
        money="Nothing is lost if the next call works: it reads what this one did not.",
        look="Look at the roles of the engines' schedules in EventBridge Scheduler and at the policy of the dead-letter"
        " queue of Calls.",
    ),
    Ticket(
        happened="EventBridge Scheduler fails to invoke reconcile-engine or look-after-engines, and tries again.",
        money="Nothing is lost yet. An engine that is not read for long has an alarm of its own.",
        look="Look at the roles of the engines' schedules, and at these functions' concurrency.",
    ),
)
AUDITS = (
    Ticket(
        happened="EventBridge Scheduler gave up a call of audit-conservation, and could not put it into its dead-letter"
        " queue either.",
        money="Nothing is billed wrongly by that. A day was not audited.",
        look="Look at the roles of the audits' schedules in EventBridge Scheduler and at the policy of the dead-letter"
        " queue of Audits. Then invoke audit-conservation with that day.",
    ),
    Ticket(
        happened="EventBridge Scheduler fails to invoke audit-conservation, and tries again.",
        money="Nothing is billed wrongly by that. The day before is audited later.",
        look="Look at the roles of the audits' schedules, and at the function's concurrency.",
    ),
)
RECONCILIATIONS = (
    Ticket(
        happened="EventBridge Scheduler gave up a call of a function that compares the ledger with AWS's books, and"
        " could not put it into its dead-letter queue either.",
        money="Nothing is lost if the next call works: it does what this one did not.",
        look="Look at the roles of the schedules of Reconciliations in EventBridge Scheduler and at the policy of their"
        " dead-letter queue.",
    ),
    Ticket(
        happened="EventBridge Scheduler fails to invoke a function that compares the ledger with AWS's books, and tries"
        " again.",
        money="Nothing is lost yet. A comparison that is overdue has an alarm of its own.",
        look="Look at the roles of the schedules of Reconciliations, and at the concurrency of reconcile-calls,"
        " reconcile-usage, reconcile-invoices and search-agreements.",
    ),
)
MAIL = {
    "happened": "SNS could not deliver the e-mail of a {} to one of its addresses.",
    "money": "The people who have to act on lost or delayed usage may not know of it.",
    "look": "Look at the subscriptions of the topic in SNS: an address has unsubscribed, or refuses mail. Correct the"
    " list in the stage file and deploy.",
}


def add_rule_alarms(alarms: Alarms, rules: Sequence[events.IRule], lost: Message = MARKETPLACE_EVENT) -> None:
    """Call when a rule has lost an event."""
    metrics = [
        cloudwatch.Metric(
            namespace="AWS/Events",
            metric_name=name,
            dimensions_map={"RuleName": rule.rule_name},
            statistic="Sum",
            period=FIVE_MINUTES,
        )
        for rule in rules
        for name in LOST
    ]
    for number, total in enumerate(sums_of(metrics), start=1):
        alarms.add(f"Lost{number}", total, lost)


def add_schedule_alarms(
    alarms: Alarms, group: scheduler.IScheduleGroup, messages: tuple[Message, Message] = STARTS
) -> None:
    """Call when Scheduler gives up (the first message), or fails to start (the second).

    Scheduler counts by group alone (Scheduler User Guide, "Monitoring"), so the group must be this stage's own.
    """
    lost, fails = messages
    alarms.add("Lost", group.metric_failed_to_be_sent_to_dlq(statistic="Sum", period=FIVE_MINUTES), lost)
    failing = [
        group.metric_dropped(statistic="Sum", period=QUARTER),
        group.metric_target_errors(statistic="Sum", period=QUARTER),
    ]
    (total,) = sums_of(failing, QUARTER)
    alarms.add("Fails", total, fails, at_least=RETRIED)


def add_mail_alarms(alarms: Alarms) -> None:
    """The people of one severity learn that the e-mails of the other fail."""
    others: dict[Severity, type[Message]] = {Severity.PAGE: Ticket, Severity.TICKET: Page}
    same: dict[Severity, type[Message]] = {Severity.PAGE: Page, Severity.TICKET: Ticket}
    for severity, topic in alarms.routes.mail.items():
        to = others[severity] if alarms.routes.reaches(others[severity].severity) else same[severity]
        alarms.add(
            f"{severity}Undelivered",
            topic.metric_number_of_notifications_failed(statistic="Sum", period=FIVE_MINUTES),
            to(**{name: text.format(severity.lower()) for name, text in MAIL.items()}),
        )
