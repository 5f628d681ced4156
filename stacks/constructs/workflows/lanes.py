"""The state that sends a page: lanes of batches, each one an invocation of the submitter."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.workflows.task import FAULT, LAMBDA_FULL, PRODUCT_FAULT, invoke

#: JSONata, of a state over lanes or batches: whether some are left for a later pass.
ANY_LEFT = "true in $states.result"


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
        fails the state; else its lanes are left. assign, outputs: of the state, which may use ``ANY_LEFT``."""
        super().__init__(scope, id_)
        self._function = function
        self._run = f"{{% {run} %}}"
        one_by_one = sfn.Map.jsonata(
            self,
            "SubmitOneByOne",
            items=sfn.ProvideItems.jsonata("{% $states.input %}"),
            max_concurrency=1,
            outputs=f"{{% {ANY_LEFT} %}}",
        )
        one_by_one.item_processor(self._submit("Alone", "{% [$states.input] %}", stops, left=("States.ALL",)))
        lane = self._submit("", "{% $states.input %}", stops, left=(LAMBDA_FULL,))
        lane.add_catch(one_by_one, errors=["States.ALL"], outputs="{% $states.input %}")
        self.state = sfn.Map.jsonata(
            self,
            "SubmitBatch",
            items=sfn.ProvideItems.jsonata(f"{{% {lanes} %}}"),
            max_concurrency=concurrency,
            assign=assign,
            outputs={} if outputs is None else outputs,
        ).item_processor(lane)

    def _submit(self, suffix: str, batches: str, stops: bool, *, left: Sequence[str]) -> tasks.LambdaInvoke:
        """One invocation, whose output says whether some of its batches are left; so they are after errors of
        ``left``."""
        task = invoke(
            self,
            f"SubmitLines{suffix}",
            self._function,
            {"batches": batches, "run": self._run},
            outputs="{% $states.result.Payload.left > 0 %}",
        )
        if stops:
            error, cause = "{% $states.input.error %}", "{% $states.input.cause %}"
            fault = sfn.Fail.jsonata(self, f"ProductFault{suffix}", error=error, cause=cause)
            task.add_catch(fault, errors=[PRODUCT_FAULT], outputs=FAULT)
        elif "States.ALL" not in left:
            left = (PRODUCT_FAULT, *left)
        task.add_catch(sfn.Pass.jsonata(self, f"LeftPending{suffix}", outputs="{% true %}"), errors=list(left))
        return task
