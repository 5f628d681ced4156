"""States that both workflows use: the invocation of a function, and the submission of batches."""

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
#: Exception classes of our functions, as Lambda names them in ``errorType``.
MARKETPLACE_BUSY = "MarketplaceBusy"
PRODUCT_FAULT = "ProductFault"
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
) -> tasks.LambdaInvoke:
    """The state drops the function's answer unless ``assign`` or ``outputs`` (JSONata) take something of it."""
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
    # At most 1 + 2 + 4 seconds: a batch that is still busy then has its turn again in the workflow's next pass.
    _retry(task, (MARKETPLACE_BUSY,), attempts=3, longest=4)
    _retry(task, (LAMBDA_FULL,), attempts=8, longest=30)
    _retry(task, LAMBDA_FAULTS, attempts=6, longest=60)
    # Every step may be repeated, so a crash or a timeout is worth another try.
    _retry(task, ("States.TaskFailed", "States.Timeout"), attempts=3, longest=30)
    return task


def submit_batches(
    scope: Construct,
    function: Function,
    *,
    run: str,
    concurrency: int,
    assign: Mapping[str, Any],
    outputs: Mapping[str, Any] | None = None,
) -> tuple[sfn.Map, tasks.LambdaInvoke]:
    """The state that submits the variable ``batches``, so many at once, and the invocation within it, for catchers.

    run: JSONata, the name of the run in log lines. outputs: of each invocation.
    """
    submit = sfn.Map.jsonata(
        scope,
        "SubmitBatch",
        items=sfn.ProvideItems.jsonata("{% $batches %}"),
        max_concurrency=concurrency,
        assign=assign,
        outputs={},
    )
    task = invoke(
        scope, "SubmitLines", function, {"lines": "{% $states.input %}", "run": f"{{% {run} %}}"}, outputs=outputs
    )
    return submit.item_processor(task), task


def _retry(task: tasks.LambdaInvoke, errors: Sequence[str], *, attempts: int, longest: int) -> None:
    task.add_retry(
        errors=list(errors),
        interval=Duration.seconds(1),
        backoff_rate=2,
        max_attempts=attempts,
        max_delay=Duration.seconds(longest),
        jitter_strategy=sfn.JitterType.FULL,
    )
