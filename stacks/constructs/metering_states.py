"""The states of the hourly workflow, named after the files that implement them.

Pages of due hours, oldest first: find → seal → plan → submit → settle. Batches that Marketplace left unanswered have
their turn again after a while, once everything else has been sent. Then report, whatever has happened.
"""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.function import RoomFunction
from stacks.constructs.workflow_task import LAMBDA_FULL, MARKETPLACE_BUSY, PRODUCT_FAULT, invoke

SEAL_CONCURRENCY = 4
#: an execution's history holds 25,000 events (Step Functions quotas); from here on another execution goes on with the
#: next page, whose 40 chunks and 300 batches take 6,000 events at most
EVENTS = 15_000
#: seconds before each further pass for batches that were left unanswered: 25 minutes in all
PAUSES = (60, 120, 240, 480, 600)
#: seconds for Step Functions to answer one call; a task without a limit may wait for a year
ANSWERED_WITHIN = 60
#: not every error of the engine itself has one, and a missing value would fail the catcher
CAUSE = "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}"
FAULT = {"fault": {"error": "{% $states.errorOutput.Error %}", "cause": CAUSE}}
#: a literal null would be dropped on its way through CDK
NULL = "{% null %}"
_EXECUTION = "$states.context.Execution"
#: variables that an execution hands to the one that goes on for it, with what a first one begins with
HANDED_OVER = {
    "startedAt": f"{_EXECUTION}.StartTime",
    "hour": "null",
    "cursor": "null",
    "busy": "false",
    "passes": "0",
}


def _given(name: str, default: str) -> str:
    return f"{{% $exists({_EXECUTION}.Input.{name}) ? {_EXECUTION}.Input.{name} : {default} %}}"


class MeteringStates(Construct):
    """``chain`` is the state machine's definition.

    Variables: startedAt, hour, zeroCursor, cursor, more, chunks, batches, fault, busy (a batch of this pass was left
    unanswered), passes, events (of this execution's history, at most).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        put_zero_records: RoomFunction,
        find_due_hours: RoomFunction,
        seal_hours: RoomFunction,
        plan_batches: RoomFunction,
        submit_batch: RoomFunction,
        settle_hours: RoomFunction,
        report: RoomFunction,
        submit_concurrency: int,
    ) -> None:
        super().__init__(scope, id_)
        find = invoke(
            self,
            "FindDueHours",
            find_due_hours,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "cursor": "{% $cursor %}"},
            assign={
                "chunks": "{% $states.result.Payload.chunks %}",
                "cursor": "{% $states.result.Payload.cursor %}",
                "more": "{% $states.result.Payload.more %}",
                "events": "{% $events + $states.result.Payload.events + 20 %}",
            },
        )
        seal = self._each("SealHours", "{% $chunks %}", SEAL_CONCURRENCY, "SealChunk", seal_hours, "keys")
        plan = invoke(
            self,
            "PlanBatches",
            plan_batches,
            # what was rejected before has its turn when the good lines of every page have had theirs
            {"chunks": "{% $chunks %}", "knownBad": "{% $passes > 0 or $not($more) %}"},
            assign={
                "batches": "{% $states.result.Payload.batches %}",
                "busy": "{% $busy or $states.result.Payload.left %}",
                "events": "{% $events + $states.result.Payload.events %}",
            },
        )
        submit = self._submit(submit_batch, submit_concurrency)
        settle = self._each("SettleHours", "{% $chunks %}", SEAL_CONCURRENCY, "SettleChunk", settle_hours, "keys")
        reporting = invoke(
            self,
            "Report",
            report,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "fault": "{% $fault %}"},
            outputs="{% $states.result.Payload %}",
        )
        for state in (find, seal, plan, settle):
            state.add_catch(reporting, errors=["States.ALL"], assign=FAULT)
        # nothing more is sent, but what is overdue is still named
        submit.add_catch(settle, errors=["States.ALL"], assign=FAULT)
        zeros = self._zeros(put_zero_records, find)
        self._after_report(reporting)
        going_on = self._going_on(find, reporting)
        self.chain = self._start().next(zeros)
        find.next(seal).next(plan).next(submit).next(settle).next(going_on)

    def _zeros(self, function: RoomFunction, find: Any) -> Any:
        """Page by page of the customers; that an hour goes without its zeros holds up no usage."""
        put = invoke(
            self,
            "PutZeroRecords",
            function,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "cursor": "{% $zeroCursor %}"},
            assign={"zeroCursor": "{% $states.result.Payload.cursor %}", "events": "{% $events + 10 %}"},
        )
        put.add_catch(find, errors=["States.ALL"])
        more = sfn.Choice.jsonata(self, "MoreZeros")
        more.when(sfn.Condition.jsonata("{% $zeroCursor != null %}"), put)
        put.next(more.otherwise(find))
        # an execution that goes on for another has begun with the records that are left
        begin = sfn.Choice.jsonata(self, "BeginWithZeros")
        begin.when(sfn.Condition.jsonata("{% $cursor = null and $passes = 0 %}"), put)
        return begin.otherwise(find)

    def _start(self) -> sfn.Pass:
        return sfn.Pass.jsonata(
            self,
            "Start",
            assign={
                **{name: _given(name, default) for name, default in HANDED_OVER.items()},
                "fault": NULL,
                "zeroCursor": NULL,
                "events": 0,
            },
        )

    def _submit(self, function: RoomFunction, concurrency: int) -> sfn.Map:
        submit = sfn.Map.jsonata(
            self,
            "SubmitBatch",
            items=sfn.ProvideItems.jsonata("{% $batches %}"),
            max_concurrency=concurrency,
            assign={"busy": "{% $busy or $count($states.result[busy = true]) > 0 %}"},
            outputs={},
        )
        task = invoke(
            self,
            "SubmitLines",
            function,
            {"lines": "{% $states.input %}", "run": "{% $startedAt %}"},
            outputs={"busy": False},
        )
        # a batch that is left does not hold up the others: it has its turn again in the next pass
        left = sfn.Pass.jsonata(self, "LeftPending", outputs={"busy": True})
        task.add_catch(left, errors=[MARKETPLACE_BUSY, LAMBDA_FULL])
        stopped = sfn.Fail.jsonata(
            self, "ProductFault", error="{% $states.input.error %}", cause="{% $states.input.cause %}"
        )
        told = {"error": "{% $states.errorOutput.Error %}", "cause": CAUSE}
        task.add_catch(stopped, errors=[PRODUCT_FAULT], outputs=told)
        # a fault of this one batch, three times over: the function's error alarm tells, its lines stay pending
        task.add_catch(left, errors=["States.ALL"])
        return submit.item_processor(task)

    def _hand_over(self, reporting: Any) -> sfn.Chain:
        """Another execution goes on with the next page, with the version that this one runs, whatever is live by now.

        Only the execution itself can say which that is (DescribeExecution): a machine's own ARN cannot stand in its
        definition, nor a version's in the version's. One that was started by the machine's ARN has no version.
        """
        partition = Stack.of(self).partition
        found = "$states.result.StateMachineVersionArn"
        ask = self._task(
            "AskForVersion",
            f"arn:{partition}:states:::aws-sdk:sfn:describeExecution",
            {"ExecutionArn": f"{{% {_EXECUTION}.Id %}}"},
            output=f"{{% {found} ? {found} : $states.result.StateMachineArn %}}",
        )
        start = self._task(
            "HandOver",
            f"arn:{partition}:states:::states:startExecution",
            {
                "StateMachineArn": "{% $states.input %}",
                "Input": {name: f"{{% ${name} %}}" for name in HANDED_OVER},
            },
            output={},
        )
        for task in (ask, start):
            task.add_catch(reporting, errors=["States.ALL"], assign=FAULT)
        return ask.next(start).next(sfn.Succeed.jsonata(self, "HandedOver"))

    def _task(self, id_: str, resource: str, arguments: dict[str, Any], *, output: Any) -> sfn.CustomState:
        """A call of Step Functions itself: CDK's own state would need the machine, or more rights than it takes."""
        retry = {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 2,
            "MaxAttempts": 5,
            "BackoffRate": 2,
            "MaxDelaySeconds": 30,
            # runs of the same minute hand over in the same minute
            "JitterStrategy": "FULL",
        }
        state = {"Type": "Task", "Resource": resource, "Arguments": arguments, "Output": output, "Retry": [retry]}
        return sfn.CustomState(self, id_, state_json={**state, "TimeoutSeconds": ANSWERED_WITHIN})

    def _going_on(self, find: Any, reporting: Any) -> sfn.Choice:
        pauses = ", ".join(str(seconds) for seconds in PAUSES)
        wait = sfn.Wait.jsonata(
            self,
            "WaitForMarketplace",
            time=sfn.WaitTime.seconds(f"{{% [{pauses}][$passes] %}}"),
            assign={"cursor": NULL, "busy": False, "passes": "{% $passes + 1 %}"},
        )
        choice = sfn.Choice.jsonata(self, "GoingOn")
        choice.when(sfn.Condition.jsonata("{% $fault != null %}"), reporting)
        full = f"$events >= {EVENTS}"
        hand_over = self._hand_over(reporting)
        choice.when(sfn.Condition.jsonata(f"{{% $more and {full} %}}"), hand_over)
        choice.when(sfn.Condition.jsonata("{% $more %}"), find)
        again = sfn.Choice.jsonata(self, "AnotherPass")
        again.when(sfn.Condition.jsonata(f"{{% {full} %}}"), hand_over)
        choice.when(
            sfn.Condition.jsonata(f"{{% $busy and $passes < {len(PAUSES)} %}}"), wait.next(again.otherwise(find))
        )
        return choice.otherwise(reporting)

    def _after_report(self, reporting: Any) -> None:
        failed = sfn.Fail.jsonata(self, "RunFailed", error="{% $fault.error %}", cause="{% $fault.cause %}")
        faulted = sfn.Choice.jsonata(self, "Faulted")
        faulted.when(sfn.Condition.jsonata("{% $fault != null %}"), failed)
        reporting.next(faulted.otherwise(sfn.Succeed.jsonata(self, "RunCompleted")))

    def _each(self, id_: str, items: str, concurrency: int, step: str, function: RoomFunction, key: str) -> sfn.Map:
        """One invocation per item; what the invocations return is dropped, the table holds the outcome.

        A chunk whose invocation fails in every try (it takes more memory or time than the function has) must not hold
        up everybody: its hours are tried one by one, and one that fails alone stays pending, told by the function's
        error alarm and by its age.
        """
        each = sfn.Map.jsonata(
            self, id_, items=sfn.ProvideItems.jsonata(items), max_concurrency=concurrency, outputs={}
        )
        one = invoke(self, f"{step}Alone", function, {key: "{% [$states.input] %}"}, outputs={})
        one.add_catch(sfn.Pass.jsonata(self, f"{step}Left", outputs={}), errors=["States.ALL"])
        one_by_one = sfn.Map.jsonata(
            self,
            f"{step}OneByOne",
            items=sfn.ProvideItems.jsonata("{% $states.input %}"),
            max_concurrency=1,
            outputs={},
        ).item_processor(one)
        chunk = invoke(self, step, function, {key: "{% $states.input %}"}, outputs={})
        chunk.add_catch(one_by_one, errors=["States.ALL"], outputs="{% $states.input %}")
        return each.item_processor(chunk)
