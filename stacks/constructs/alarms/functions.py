"""Alarms of functions: they fail, or Lambda refuses to run them.

Whoever called a function calls it again: Step Functions, Lambda (three times within four minutes for what a schedule
calls), SQS, the stream, or an API's client. So a failure or two in a quarter of an hour are no reason to call people.
"""

from collections.abc import Container, Mapping

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.alarms.bound import FEW, LARGEST_SUM, QUARTER, Alarms, many, sums_of
from stacks.constructs.alarms.message import Ticket
from stacks.constructs.functions.function import Function

#: Refusals in a quarter of an hour, of ten functions together, that show that the account's concurrency is used up.
REFUSED = 10


def add_function_alarms(
    alarms: Alarms,
    functions: Mapping[str, Function],
    *,
    refused_by_design: Mapping[str, int],
    failing_by_design: Mapping[str, int],
    often_called: Container[str],
    no_witnesses: Container[str] = (),
) -> None:
    """The error alarm of each function, and those of refusals.

    refused_by_design: functions with reserved concurrency, each with the number of refusals in a quarter of an hour
    from which on there are too many. failing_by_design: the same for failures, of functions that fail otherwise than
    others. often_called: functions of which the share of failed calls counts. no_witnesses: functions whose errors do
    not help to prove that the store is down, because the rule that says so has room for 10,240 characters (CloudWatch,
    PutCompositeAlarm: ``AlarmRule``).
    """
    errors: dict[str, cloudwatch.Alarm] = {}
    for name, function in functions.items():
        failed = function.function.metric_errors(period=QUARTER)
        if name in often_called:
            share = many(failed, function.function.metric_invocations(period=QUARTER), QUARTER)
            often = f"The function {name} failed in more than one call of a hundred; the log group that ends in /{name}"
            errors[name] = alarms.silent(f"{name}-Errors", share, f"{often} says why.")
            continue
        times = failing_by_design.get(name, FEW + 1)
        errors[name] = alarms.silent(
            f"{name}-Errors",
            failed,
            f"The function {name} failed {'once' if times == 1 else f'{times} times'} or more in a quarter of an hour;"
            f" the log group that ends in /{name} says why.",
            at_least=times,
        )

    refusals = {name: function.function.metric_throttles(period=QUARTER) for name, function in functions.items()}
    reserved = [
        alarms.silent(
            f"{name}-Throttles",
            refusals[name],
            f"Lambda refused to run {name} {times} times or more in a quarter of an hour; its concurrency is reserved,"
            " so a few are expected.",
            at_least=times,
        )
        for name, times in refused_by_design.items()
    ]
    # All others share the account's concurrency: when it is used up, any of them may be the one that Lambda refuses.
    others = [name for name in functions if name not in refused_by_design]
    shared = [
        alarms.silent(
            f"Throttles{number + 1}",
            total,
            f"Lambda refused {REFUSED} times or more in a quarter of an hour to run one of"
            f" {', '.join(others[number * LARGEST_SUM :][:LARGEST_SUM])}, because the account's concurrency is used"
            " up.",
            at_least=REFUSED,
        )
        for number, total in enumerate(sums_of([refusals[name] for name in others], QUARTER))
    ]
    alarms.group(
        "Fail",
        [*errors.values(), *reserved, *shared],
        Ticket(
            happened="A function fails again and again, or Lambda refuses to run it. The silent alarms whose names"
            " begin with Functions show which one.",
            money="Callers repeat what failed, so nothing is lost at once. A metering run that does not complete has"
            " an alarm of its own.",
            look="Look in the log group that ends in the function's name. If Lambda refused it, look at the account's"
            " concurrent executions in the Lambda console.",
        ),
    )
    alarms.symptoms.witnesses.extend(alarm for name, alarm in errors.items() if name not in no_witnesses)


def canary_of(alarms: Alarms, name: str, function: Function) -> cloudwatch.Alarm:
    """A silent alarm of a single failure, which may help to prove that the store is down and calls for nothing else."""
    return alarms.silent(
        "Canary",
        function.function.metric_errors(period=QUARTER),
        f"The function {name} failed; with another alarm this shows that the store is down.",
    )
