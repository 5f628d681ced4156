"""Alarms on the metrics that a room's functions emit."""

from dataclasses import dataclass
from enum import StrEnum

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.alarm import FIVE_MINUTES, MISSING, Meaning, add_alarm
from stacks.constructs.alarms.routes import AlarmRoutes, Severity


@dataclass(frozen=True, kw_only=True)
class RoomAlarms:
    """namespace, room: where the functions emit; ``service``, the room, is the only dimension."""

    namespace: str
    room: str
    routes: AlarmRoutes

    def metric(self, name: StrEnum, statistic: str, period: Duration) -> cloudwatch.Metric:
        """name: of ``runtime.metric_names``."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name.value,
            dimensions_map={"service": self.room},
            statistic=statistic,
            period=period,
        )

    def count(
        self,
        scope: Construct,
        name: StrEnum,
        means: Meaning,
        severity: Severity,
        *,
        period: Duration,
        id_: str = "",
    ) -> None:
        """It happened, once at least. Where nothing is counted, nothing happened."""
        add_alarm(
            scope,
            id_ or named(name),
            metric=self.metric(name, "Sum", period),
            means=means,
            routes=self.routes,
            severity=severity,
        )

    def level(
        self,
        scope: Construct,
        name: StrEnum,
        means: Meaning,
        severity: Severity,
        *,
        at_least: float = 1,
        below: bool = False,
        id_: str = "",
    ) -> None:
        """A level that somebody reads and emits now and then, also where it is zero: the last reading holds.

        So a level that is up stays up while nobody reads it. That nobody does has an alarm of its own.
        """
        add_alarm(
            scope,
            id_ or named(name),
            metric=self.metric(name, "Minimum" if below else "Maximum", FIVE_MINUTES),
            means=means,
            routes=self.routes,
            severity=severity,
            at_least=at_least,
            below=below,
            missing=MISSING.IGNORE,
        )


def named(metric: StrEnum) -> str:
    """``LINES_CONFLICT`` → ``LinesConflict``."""
    return metric.name.title().replace("_", "")
