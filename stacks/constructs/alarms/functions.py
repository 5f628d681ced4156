"""Worries about a function: it fails, or Lambda refuses to run it."""

from aws_cdk import Duration
from constructs import Construct

from stacks.constructs.alarms.alarm import add_alarm
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.function import RoomFunction

FIVE_MINUTES = Duration.minutes(5)


class FunctionAlarms(Construct):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: RoomFunction,
        name: str,
        routes: AlarmRoutes,
        severity: Severity,
        throttles_in_five_minutes: int = 1,
    ) -> None:
        """throttles_in_five_minutes: from how many on; a function with reserved concurrency is refused by design."""
        super().__init__(scope, id_)
        self.errors = add_alarm(
            self,
            "Errors",
            metric=function.function.metric_errors(period=FIVE_MINUTES),
            means=f"the function {name} failed; the log group that ends in /{name} says why",
            routes=routes,
            severity=severity,
        )
        self.throttles = add_alarm(
            self,
            "Throttles",
            metric=function.function.metric_throttles(period=FIVE_MINUTES),
            means=f"Lambda refused to run {name}: the account's concurrency is used up",
            routes=routes,
            severity=severity,
            at_least=throttles_in_five_minutes,
        )
