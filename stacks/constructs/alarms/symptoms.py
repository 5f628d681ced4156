"""Alarms that a failing store sets off. Composite alarms call for them, and only while the store is not down.

The metric alarms themselves call nobody. Each group of them is one composite alarm, which the alarm "store is down"
suppresses: one fault of DynamoDB calls once, not once for each function, queue and workflow that meets it. Alarms that
are still up after the store is back call then.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, cast

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.message import Message, Severity
from stacks.constructs.alarms.routes import AlarmRoutes
from stacks.constructs.alarms.runbook import page_of, sentence

#: How long a group waits for "store is down" before it calls. The store's alarms look at five minutes, the function
#: that reads the tables by the clock runs every five minutes, and metrics are a minute or two late. A page comes within
#: ten minutes: three until CloudWatch shows the value, and these seven. A group does not call for what ended before,
#: so its members stay up for longer: they count over a quarter of an hour, or are levels.
WAIT = {Severity.PAGE: Duration.minutes(7), Severity.TICKET: Duration.minutes(10)}
#: How long a symptom may outlast the fault before its group calls.
AFTERWARDS = Duration.minutes(10)


class Group(NamedTuple):
    """Silent alarms, and the composite alarm ``id_`` that calls for them."""

    scope: Construct
    id_: str
    members: tuple[cloudwatch.Alarm, ...]
    message: Message
    wait: Duration

    def make(self, routes: AlarmRoutes, unless: cloudwatch.IAlarm) -> None:
        """Make the composite alarm. unless: an alarm that silences it."""
        page = page_of(self.scope, self.id_)
        for member in self.members:
            name_page(member, page)
        composite = cloudwatch.CompositeAlarm(
            self.scope,
            self.id_,
            alarm_rule=cloudwatch.AlarmRule.any_of(*self.members),
            alarm_description=self.message.told(page),
            actions_suppressor=unless,
            actions_suppressor_wait_period=self.wait,
            actions_suppressor_extension_period=AFTERWARDS,
        )
        routes.send(composite, self.message.severity)


def name_page(silent: cloudwatch.Alarm, page: str) -> None:
    """Let a silent alarm's text name the page of the alarm that calls for it."""
    alarm = cast("cloudwatch.CfnAlarm", silent.node.default_child)
    alarm.alarm_description = f"{alarm.alarm_description} {sentence(page)}"


@dataclass
class Symptoms:
    """The groups, until ``store`` makes their composite alarms.

    witnesses: alarms that are over a quarter of an hour after their cause, so that each proves what happens now. A
    queue that is not empty may only prove that no person has looked at it yet.
    """

    groups: list[Group] = field(default_factory=list)
    witnesses: list[cloudwatch.Alarm] = field(default_factory=list)
