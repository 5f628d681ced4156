"""Worries about notices that changed nothing: they are kept, and nobody but a person can say what they meant."""

from enum import StrEnum

from aws_cdk import Duration
from constructs import Construct

from runtime.metric_names import EntitlementMetric, SubscriptionMetric
from stacks.constructs.alarms.alarm import add_alarm
from stacks.constructs.alarms.room_metric import room_metric
from stacks.constructs.alarms.routes import AlarmRoutes, Severity

#: one ticket for a burst of notices, not one each
HOUR = Duration.hours(1)
UNKNOWN = (
    "notices of {} were kept and changed nothing: their action is unknown, or they belong to another product or"
    " integration; the notices table has them by reason"
)
WAITING = (
    "notices of agreements are kept until a licence of that agreement is known; if it comes, they are applied, if it"
    " does not, a buyer's access or end is missing: the notices table has them by agreement"
)


class NoticeAlarms(Construct):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        namespace: str,
        subscription_room: str,
        entitlement_room: str,
        routes: AlarmRoutes,
        severity: Severity,
    ) -> None:
        """namespace, *_room: where the functions that take notices emit."""
        super().__init__(scope, id_)
        alarms: tuple[tuple[str, StrEnum, str, str], ...] = (
            (
                "SubscriptionUnknown",
                SubscriptionMetric.NOTICES_UNKNOWN,
                subscription_room,
                UNKNOWN.format("subscriptions"),
            ),
            ("SubscriptionWaiting", SubscriptionMetric.NOTICES_WAITING, subscription_room, WAITING),
            ("EntitlementUnknown", EntitlementMetric.NOTICES_UNKNOWN, entitlement_room, UNKNOWN.format("entitlements")),
        )
        for name, metric, room, means in alarms:
            add_alarm(
                self,
                name,
                metric=room_metric(metric, namespace=namespace, room=room, statistic="Sum", period=HOUR),
                means=means,
                routes=routes,
                severity=severity,
            )
