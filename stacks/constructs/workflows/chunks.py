"""A state over chunks of hours: one invocation for each, and for each hour of a chunk that fails."""

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.workflows.task import invoke


class Chunks(Construct):
    """``state`` drops what the invocations return, since the table has the outcome. Its output is the number of hours
    that were tried alone.

    A chunk whose invocation fails in every try (it takes more memory or time than the function has) must not hold up
    the others: the state tries its hours one by one. An hour that fails alone stays pending; the function's error alarm
    and the hour's age call for it.
    """

    def __init__(self, scope: Construct, id_: str, *, step: str, chunks: str, function: Function, at_once: int) -> None:
        """step: the name of one invocation's state. chunks: JSONata, lists of keys. at_once: invocations."""
        super().__init__(scope, f"{id_}Chunks")
        one = invoke(self, f"{step}Alone", function, {"keys": "{% [$states.input] %}"}, attempts=1)
        one.add_catch(sfn.Pass.jsonata(self, f"{step}Left", outputs={}), errors=["States.ALL"])
        one_by_one = sfn.Map.jsonata(
            self,
            f"{step}OneByOne",
            items=sfn.ProvideItems.jsonata("{% $states.input %}"),
            max_concurrency=1,
            outputs="{% $count($states.result) %}",
        ).item_processor(one)
        chunk = invoke(self, step, function, {"keys": "{% $states.input %}"}, outputs="{% 0 %}")
        chunk.add_catch(one_by_one, errors=["States.ALL"], outputs="{% $states.input %}")
        self.state = sfn.Map.jsonata(
            self,
            id_,
            items=sfn.ProvideItems.jsonata(f"{{% {chunks} %}}"),
            max_concurrency=at_once,
            outputs="{% $sum([0, $states.result]) %}",
        ).item_processor(chunk)
