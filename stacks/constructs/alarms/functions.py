"""Worries about functions: they fail, or Lambda refuses to run them."""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.alarm import LARGEST_SUM, QUARTER, Meaning, add_silent, sum_of
from stacks.constructs.alarms.routes import Severity
from stacks.constructs.alarms.symptoms import Symptoms
from stacks.constructs.function import RoomFunction

FAILED = Meaning(
    happened="One or more functions failed, or Lambda refused to run them; the silent alarms of this group say which.",
    money="Their callers repeat what failed, so nothing is lost at once; a run that cannot be completed has an alarm of"
    " its own.",
    look="Look at the log group that ends in the function's name; if it was throttled, look at the account's concurrent"
    " executions.",
)


class FunctionAlarms(Construct):
    """errors: the alarm of each function, by its name."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        functions: Mapping[str, RoomFunction],
        refused_by_design: Mapping[str, int],
        symptoms: Symptoms,
    ) -> None:
        """refused_by_design: a function with reserved concurrency is refused now and then; from how many times in
        a quarter of an hour on that is too often.
        """
        super().__init__(scope, id_)
        self.errors: dict[str, cloudwatch.Alarm] = {
            name: add_silent(
                self,
                f"{name}-Errors",
                metric=function.function.metric_errors(period=QUARTER),
                happened=f"The function {name} failed; the log group that ends in /{name} says why.",
            )
            for name, function in functions.items()
        }
        refusals = [
            add_silent(
                self,
                f"{name}-Throttles",
                metric=functions[name].function.metric_throttles(period=QUARTER),
                happened=f"Lambda refused to run {name} {times} times or more in a quarter of an hour; its concurrency"
                " is reserved, so a few are expected.",
                at_least=times,
            )
            for name, times in refused_by_design.items()
        ]
        # it is the account's concurrency that is used up, whichever function is refused
        others = [name for name in functions if name not in refused_by_design]
        for number in range(0, len(others), LARGEST_SUM):
            some = others[number : number + LARGEST_SUM]
            metrics = [functions[name].function.metric_throttles(period=QUARTER) for name in some]
            refusals.append(
                add_silent(
                    self,
                    f"Throttles{number // LARGEST_SUM + 1}",
                    metric=sum_of(*metrics, period=QUARTER),
                    happened=f"Lambda refused to run one of {', '.join(some)}, because the account's concurrency is"
                    " used up.",
                )
            )
        errors = list(self.errors.values())
        symptoms.add(self, "Fail", members=[*errors, *refusals], means=FAILED, severity=Severity.TICKET)
        symptoms.witnesses.extend(errors)
