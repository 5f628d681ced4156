"""One invocation of a function by a workflow, with what is tried again and for how long."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.constructs.function import RoomFunction

#: Lambda's own transient faults (Step Functions Developer Guide, "Handle transient Lambda service exceptions")
LAMBDA_FAULTS = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
#: how long after a function's own timeout its answer is given up
ANSWER_IS_LOST = Duration.minutes(1)
#: exception classes of the functions, as Lambda names them in ``errorType``
#: Lambda's own: the submitter's reserved concurrency is taken by another run
LAMBDA_FULL = "Lambda.TooManyRequestsException"
MARKETPLACE_BUSY = "MarketplaceBusy"
PRODUCT_FAULT = "ProductFault"


def invoke(
    scope: Construct,
    id_: str,
    function: RoomFunction,
    payload: Mapping[str, Any],
    *,
    assign: Mapping[str, Any] | None = None,
    outputs: Any = None,
) -> tasks.LambdaInvoke:
    """The function's answer is dropped unless ``assign`` or ``outputs`` (JSONata) take something of it."""
    task = tasks.LambdaInvoke.jsonata(
        scope,
        id_,
        lambda_function=function.version,
        payload=sfn.TaskInput.from_object(dict(payload)),
        assign=assign,
        outputs={} if outputs is None else outputs,
        retry_on_service_exceptions=False,
        # Lambda ends the function before; this is for an answer that is lost, for which a task waits as long as it may
        task_timeout=sfn.Timeout.duration(function.timeout.plus(ANSWER_IS_LOST)),
    )
    # the first retrier that names the error decides
    task.add_retry(errors=[PRODUCT_FAULT], max_attempts=0)
    # at most 1 + 2 + 4 seconds: a batch that is still busy then has its turn again in the workflow's next pass
    _retry(task, (MARKETPLACE_BUSY,), attempts=3, longest=4)
    _retry(task, (LAMBDA_FULL,), attempts=8, longest=30)
    _retry(task, LAMBDA_FAULTS, attempts=6, longest=60)
    # every step may be repeated, so a crash or a timeout is worth another try
    _retry(task, ("States.TaskFailed", "States.Timeout"), attempts=3, longest=30)
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
