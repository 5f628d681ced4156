"""The state that sends a page: lanes of batches, each one an invocation of the submitter."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.workflows.task import FAULT, LAMBDA_FULL, PRODUCT_FAULT, RETRIES, invoke

#: JSONata, of the state over lanes: whether batches are left for a later pass, and how many were tried alone.
ANY_LEFT = "true in $states.result.left"
TRIED_ALONE = "$sum([0, $states.result.alone])"
#: Events of the execution's history that a batch takes at most that is tried alone: three of each try, by all retries
#: of the task; its iteration, the task's and the last state's begin and end.
EVENTS_ALONE = 3 * (1 + RETRIES) + 6


class Lanes(Construct):
    """``state`` sends the lanes, so many at once.

    A lane that Lambda has no copy for is left for a later pass. A lane that fails in every try may hold a batch that is
    more than the function's memory or time takes, so its batches have their turn one by one: that batch alone is left,
    and the function's error alarm calls.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: Function,
        lanes: str,
        run: str,
        concurrency: int,
        stops: bool,
        assign: Mapping[str, Any] | None = None,
        outputs: Any = None,
    ) -> None:
        """lanes, run: JSONata, the lanes and the name of the run in log lines. stops: whether a fault of the product
        fails the state; else its lanes are left. assign, outputs: of the state, which may use ``ANY_LEFT`` and
        ``TRIED_ALONE``."""
        super().__init__(scope, id_)
        self._function = function
        self._run = f"{{% {run} %}}"
        one_by_one = sfn.Map.jsonata(
            self,
            "SubmitOneByOne",
            items=sfn.ProvideItems.jsonata("{% $states.input %}"),
            max_concurrency=1,
            outputs={"left": "{% true in $states.result %}", "alone": "{% $count($states.input) %}"},
        )
        alone = self._submit("Alone", "{% [$states.input] %}", stops, left=("States.ALL",), outputs=_itself)
        one_by_one.item_processor(alone)
        lane = self._submit("", "{% $states.input %}", stops, left=(LAMBDA_FULL,), outputs=_of_lane)
        lane.add_catch(one_by_one, errors=["States.ALL"], outputs="{% $states.input %}")
        self.state = sfn.Map.jsonata(
            self,
            "SubmitBatch",
            items=sfn.ProvideItems.jsonata(f"{{% {lanes} %}}"),
            max_concurrency=concurrency,
            assign=assign,
            outputs={} if outputs is None else outputs,
        ).item_processor(lane)

    def _submit(
        self, suffix: str, batches: str, stops: bool, *, left: Sequence[str], outputs: Callable[[str], Any]
    ) -> tasks.LambdaInvoke:
        """One invocation, whose output says whether some of its batches are left; so they are after errors of
        ``left``. outputs: makes the output of JSONata that says it."""
        task = invoke(
            self,
            f"SubmitLines{suffix}",
            self._function,
            {"batches": batches, "run": self._run, "execution": "{% $states.context.Execution.Name %}"},
            outputs=outputs("{% $states.result.Payload.left > 0 %}"),
        )
        if stops:
            error, cause = "{% $states.input.error %}", "{% $states.input.cause %}"
            fault = sfn.Fail.jsonata(self, f"ProductFault{suffix}", error=error, cause=cause)
            task.add_catch(fault, errors=[PRODUCT_FAULT], outputs=FAULT)
        elif "States.ALL" not in left:
            left = (PRODUCT_FAULT, *left)
        task.add_catch(sfn.Pass.jsonata(self, f"LeftPending{suffix}", outputs=outputs("{% true %}")), errors=list(left))
        return task


def _itself(left: str) -> Any:
    return left


def _of_lane(left: str) -> Any:
    return {"left": left, "alone": 0}
