"""The invocation of a function as both workflows make it."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.constructs.functions.function import Function

#: Lambda's own transient faults (Step Functions Developer Guide, "Handle transient Lambda service exceptions").
LAMBDA_FAULTS = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
#: Another run uses all of the submitter's reserved concurrency.
LAMBDA_FULL = "Lambda.TooManyRequestsException"
#: An exception class of our functions, as Lambda names it in ``errorType``.
PRODUCT_FAULT = "ProductFault"
#: How often an invocation is made again at most: where Lambda is full, after faults of Lambda, and of the function.
FULL_RETRIES, FAULT_RETRIES, OWN_RETRIES = 10, 6, 3
RETRIES = FULL_RETRIES + FAULT_RETRIES + OWN_RETRIES
#: A task gives up a lost answer so long after the function's own timeout.
ANSWER_IS_LOST = Duration.minutes(1)
#: Some errors of Step Functions itself have no cause, and a missing value would fail the catcher.
CAUSE = "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}"
#: What a catcher remembers of an error.
FAULT = {"error": "{% $states.errorOutput.Error %}", "cause": CAUSE}


def when(condition: str) -> sfn.Condition:
    """A condition of a Choice state, written in JSONata."""
    return sfn.Condition.jsonata(f"{{% {condition} %}}")


def answers(*names: str) -> dict[str, str]:
    """Variables that take the fields of these names from the function's answer."""
    return {name: f"{{% $states.result.Payload.{name} %}}" for name in names}


def invoke(
    scope: Construct,
    id_: str,
    function: Function,
    payload: Mapping[str, Any],
    *,
    assign: Mapping[str, Any] | None = None,
    outputs: Any = None,
    attempts: int = OWN_RETRIES,
) -> tasks.LambdaInvoke:
    """The state drops the function's answer unless ``assign`` or ``outputs`` (JSONata) take something of it.

    attempts: how often the function is invoked again after an error of its own.
    """
    task = tasks.LambdaInvoke.jsonata(
        scope,
        id_,
        lambda_function=function.version,
        payload=sfn.TaskInput.from_object(dict(payload)),
        assign=assign,
        outputs={} if outputs is None else outputs,
        retry_on_service_exceptions=False,
        # Lambda ends the function before. Without a timeout a task waits for a lost answer as long as its machine may.
        task_timeout=sfn.Timeout.duration(function.timeout.plus(ANSWER_IS_LOST)),
    )
    # The first retrier that names the error decides.
    task.add_retry(errors=[PRODUCT_FAULT], max_attempts=0)
    # A lane holds its copy for some seconds, and a gap between two is short: it is looked for often, for a minute.
    _retry(task, (LAMBDA_FULL,), attempts=FULL_RETRIES, longest=8)
    _retry(task, LAMBDA_FAULTS, attempts=FAULT_RETRIES, longest=60)
    # Every step may be repeated, so a crash or a timeout is worth another try.
    _retry(task, ("States.TaskFailed", "States.Timeout"), attempts=attempts, longest=30)
    return task


def _retry(task: tasks.LambdaInvoke, errors: Sequence[str], *, attempts: int, longest: int) -> None:
    task.add_retry(
        errors=list(errors),
        interval=Duration.seconds(1),
        backoff_rate=2,
        max_attempts=attempts,
        max_delay=Duration.seconds(longest),
        jitter_strategy=sfn.JitterType.FULL,
    )
