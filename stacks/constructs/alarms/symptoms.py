"""What a failing store sets off: alarms that are told by composite alarms, and only if the store is not down.

The metric alarms have no actions. Each group of them is one composite alarm, whose actions the alarm *store is down*
suppresses: one fault of DynamoDB rings once, not once for each function, queue and workflow that meets it. What still
stands when the store is back is told then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.alarm import Meaning
from stacks.constructs.alarms.routes import AlarmRoutes, Severity

#: How long a symptom waits for *store is down* before it is told. The store's own alarms look at five minutes, and what
#: looks at the tables by the clock does so every five minutes; the metrics are a minute or two late. What is over
#: before is not told at all, so an alarm of a group is up for longer than that: it counts over a quarter of an hour, or
#: it is a level.
WAIT = Duration.minutes(10)
#: how long a symptom may outlast the fault before it is told
AFTERWARDS = Duration.minutes(10)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Alarms that one composite alarm speaks for, and what it says."""

    scope: Construct
    id_: str
    members: Sequence[cloudwatch.Alarm]
    means: Meaning
    severity: Severity
    wait: Duration

    def tell(self, routes: AlarmRoutes, unless: cloudwatch.IAlarm) -> None:
        composite = cloudwatch.CompositeAlarm(
            self.scope,
            self.id_,
            alarm_rule=cloudwatch.AlarmRule.any_of(*self.members),
            alarm_description=self.means.text(self.severity),
            actions_suppressor=unless,
            actions_suppressor_wait_period=self.wait,
            actions_suppressor_extension_period=AFTERWARDS,
        )
        routes.send(composite, self.severity)


@dataclass
class Symptoms:
    """Collects the groups; whoever makes *store is down* tells them.

    witnesses: alarms that are over a quarter of an hour after their cause, so that each bears witness to what happens
    now. A queue that is not empty may say nothing but that nobody has looked at it yet.
    """

    groups: list[Group] = field(default_factory=list)
    witnesses: list[cloudwatch.Alarm] = field(default_factory=list)

    def add(
        self,
        scope: Construct,
        id_: str,
        *,
        members: Sequence[cloudwatch.Alarm],
        means: Meaning,
        severity: Severity,
        witness: bool = False,
        wait: Duration = WAIT,
    ) -> None:
        group = Group(scope=scope, id_=id_, members=members, means=means, severity=severity, wait=wait)
        self.groups.append(group)
        if witness:
            self.witnesses.extend(members)
