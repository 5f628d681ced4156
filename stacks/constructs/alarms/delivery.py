"""Worries about delivery: of events, of the clock's starts, and of the alarms themselves."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.constructs.alarms.alarm import FIVE_MINUTES, LARGEST_SUM, QUARTER, Meaning, add_alarm, sum_of
from stacks.constructs.alarms.routes import AlarmRoutes, Severity

#: of a rule: given up, and not even put into its dead letters (EventBridge User Guide, "EventBridge metrics")
LOST = ("FailedInvocations", "InvocationsFailedToBeSentToDlq")
#: starts that failed in a quarter of an hour and are tried again: more than a hiccup
RETRIED = 3

EVENTS = Meaning(
    happened="EventBridge could not deliver an event of AWS Marketplace to its queue.",
    money="A buyer's start or end may be missing: his usage waits, or is not billed in time.",
    look="Look at the dead letters of the notice queues; if the event is not there, look at the agreement in the AWS"
    " Marketplace Management Portal, and at the queue's policy.",
)
START_LOST = Meaning(
    happened="EventBridge Scheduler gave up a start and could not put it into its dead-letter queue either.",
    money="An hourly run or a look after leavers did not happen; lines stay pending for the next one.",
    look="Look at the schedules' roles and at the dead-letter queues' policies; start a run with {}.",
)
START_FAILS = Meaning(
    happened="EventBridge Scheduler fails to start the metering run or the look after leavers, and tries again.",
    money="Nothing is lost yet: a start that is given up goes to the dead letters, which page.",
    look="Look at the schedule's role, at the state machine and at the function look-after-leavers.",
)
MAIL = Meaning(
    happened="An alarm's e-mail could not be delivered to somebody on the list for {}.",
    money="Who should act on lost or delayed usage may not know of it.",
    look="Look at the topic's subscriptions: an address may have been unsubscribed, or it refuses mail; mend the list"
    " in the stage file.",
)


class RuleAlarm(Construct):
    """Of all rules together: none of their events may be lost."""

    def __init__(self, scope: Construct, id_: str, *, rules: Sequence[events.IRule], routes: AlarmRoutes) -> None:
        super().__init__(scope, id_)
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
        for number in range(0, len(metrics), LARGEST_SUM):
            add_alarm(
                self,
                f"Lost{number // LARGEST_SUM + 1}",
                metric=sum_of(*metrics[number : number + LARGEST_SUM]),
                means=EVENTS,
                routes=routes,
                severity=Severity.PAGE,
            )


class ScheduleAlarms(Construct):
    """Of all schedules of a group, by which alone Scheduler counts (Scheduler User Guide, "Monitoring")."""

    def __init__(self, scope: Construct, id_: str, *, group: scheduler.IScheduleGroup, routes: AlarmRoutes) -> None:
        super().__init__(scope, id_)
        add_alarm(
            self,
            "Lost",
            metric=group.metric_failed_to_be_sent_to_dlq(statistic="Sum", period=FIVE_MINUTES),
            means=START_LOST,
            routes=routes,
            severity=Severity.PAGE,
        )
        add_alarm(
            self,
            "Fails",
            metric=sum_of(
                group.metric_dropped(statistic="Sum", period=QUARTER),
                group.metric_target_errors(statistic="Sum", period=QUARTER),
                period=QUARTER,
            ),
            means=START_FAILS,
            routes=routes,
            severity=Severity.TICKET,
            at_least=RETRIED,
        )


class MailAlarms(Construct):
    """That a severity's e-mail is not delivered is told to the other severity's people."""

    def __init__(self, scope: Construct, id_: str, *, routes: AlarmRoutes) -> None:
        super().__init__(scope, id_)
        others = {Severity.PAGE: Severity.TICKET, Severity.TICKET: Severity.PAGE}
        for severity, topic in routes.mail.items():
            to = others[severity] if routes.reaches(others[severity]) else severity
            add_alarm(
                self,
                f"{severity}Undelivered",
                metric=topic.metric_number_of_notifications_failed(statistic="Sum", period=FIVE_MINUTES),
                means=Meaning(happened=MAIL.happened.format(f"{severity.lower()}s"), money=MAIL.money, look=MAIL.look),
                routes=routes,
                severity=to,
            )
