"""Alarms of functions: they fail, or Lambda refuses to run them."""

from collections.abc import Container, Mapping

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.alarms.bound import LARGEST_SUM, QUARTER, Alarms, sums_of
from stacks.constructs.alarms.message import Ticket
from stacks.constructs.functions.function import Function


def add_function_alarms(
    alarms: Alarms,
    functions: Mapping[str, Function],
    *,
    refused_by_design: Mapping[str, int],
    no_witnesses: Container[str] = (),
) -> dict[str, cloudwatch.Alarm]:
    """Returns the error alarm of each function by its name.

    refused_by_design: functions with reserved concurrency, each with the number of refusals in a quarter of an hour
    from which on there are too many. no_witnesses: functions whose errors do not help to prove that the store is down,
    because the rule that says so has room for 10,240 characters (CloudWatch, PutCompositeAlarm: ``AlarmRule``).
    """
    errors = {
        name: alarms.silent(
            f"{name}-Errors",
            function.function.metric_errors(period=QUARTER),
            f"The function {name} failed; the log group that ends in /{name} says why.",
        )
        for name, function in functions.items()
    }

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
            f"Lambda refused to run one of {', '.join(others[number * LARGEST_SUM :][:LARGEST_SUM])}, because the"
            " account's concurrency is used up.",
        )
        for number, total in enumerate(sums_of([refusals[name] for name in others], QUARTER))
    ]
    alarms.group(
        "Fail",
        [*errors.values(), *reserved, *shared],
        Ticket(
            happened="A function failed, or Lambda refused to run it. The silent alarms whose names begin with"
            " Functions show which one.",
            money="Callers repeat what failed, so nothing is lost at once. A metering run that does not complete has"
            " an alarm of its own.",
            look="Look in the log group that ends in the function's name. If Lambda refused it, look at the account's"
            " concurrent executions in the Lambda console.",
        ),
    )
    alarms.symptoms.witnesses.extend(alarm for name, alarm in errors.items() if name not in no_witnesses)
    return errors
