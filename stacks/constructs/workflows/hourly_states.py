"""The states of the hourly workflow, named after the files that implement them.

Pages of due hours, oldest first: find → seal → plan → submit → settle. Batches that Marketplace left unanswered have
their turn again after a while, once everything else has been sent. Then report, whatever has happened. States carry
keys only, and every step may run twice, since it works on sealed lines.
"""

from typing import Any, NamedTuple

from aws_cdk import Stack
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.workflows.task import (
    FAULT,
    LAMBDA_FULL,
    MARKETPLACE_BUSY,
    PRODUCT_FAULT,
    answers,
    invoke,
    submit_batches,
    when,
)

SEAL_CONCURRENCY = 4
#: An execution's history holds 25,000 events (Step Functions quotas). From here on another execution continues with the
#: next page, whose 40 chunks and 300 batches take 6,000 events at most.
EVENTS = 15_000
#: Seconds before each further pass for batches that were left unanswered: 25 minutes in all.
PAUSES = (60, 120, 240, 480, 600)
#: Seconds for Step Functions to answer one call. A task without a limit may wait for a year.
ANSWERED_WITHIN = 60
#: CDK would drop a literal null.
NULL = "{% null %}"
_EXECUTION = "$states.context.Execution"
#: Variables that an execution hands over to the next one, with their values in a first one.
HANDED_OVER = {
    "startedAt": f"{_EXECUTION}.StartTime",
    "hour": "null",
    "cursor": "null",
    "busy": "false",
    "passes": "0",
}


class HourlyFunctions(NamedTuple):
    """The functions that the hourly workflow invokes."""

    put_zero_records: Function
    find_due_hours: Function
    seal_hours: Function
    plan_batches: Function
    submit_batch: Function
    settle_hours: Function
    report: Function


class HourlyStates(Construct):
    """``chain`` is the state machine's definition.

    Input ``{}``, or ``{"hour": "2026-11-15T08:00:00Z"}`` for hours up to that one. Variables: startedAt, hour,
    zeroCursor, cursor, more, chunks, batches, fault, busy (a batch of this pass was left unanswered), passes, events
    (of this execution's history, at most).
    """

    def __init__(self, scope: Construct, id_: str, *, functions: HourlyFunctions, submit_concurrency: int) -> None:
        super().__init__(scope, id_)
        find = invoke(
            self,
            "FindDueHours",
            functions.find_due_hours,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "cursor": "{% $cursor %}"},
            assign={
                **answers("chunks", "cursor", "more"),
                "events": "{% $events + $states.result.Payload.events + 20 %}",
            },
        )
        seal = self._each_chunk("SealHours", "SealChunk", functions.seal_hours)
        plan = invoke(
            self,
            "PlanBatches",
            functions.plan_batches,
            # Lines that were rejected before have their turn after the good lines of every page.
            {"chunks": "{% $chunks %}", "knownBad": "{% $passes > 0 or $not($more) %}"},
            assign={
                **answers("batches"),
                "busy": "{% $busy or $states.result.Payload.left %}",
                "events": "{% $events + $states.result.Payload.events %}",
            },
        )
        submit = self._submit(functions.submit_batch, submit_concurrency)
        settle = self._each_chunk("SettleHours", "SettleChunk", functions.settle_hours)
        report = invoke(
            self,
            "Report",
            functions.report,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "fault": "{% $fault %}"},
            outputs="{% $states.result.Payload %}",
        )
        for state in (find, seal, plan, settle):
            state.add_catch(report, errors=["States.ALL"], assign={"fault": FAULT})
        # The run sends nothing more, but still names what is overdue.
        submit.add_catch(settle, errors=["States.ALL"], assign={"fault": FAULT})
        zeros = self._zeros(functions.put_zero_records, find)
        self._after_report(report)
        continuing = self._continue(find, report)
        self.chain = self._start().next(zeros)
        find.next(seal).next(plan).next(submit).next(settle).next(continuing)

    def _start(self) -> sfn.Pass:
        def given(name: str, default: str) -> str:
            return f"{{% $exists({_EXECUTION}.Input.{name}) ? {_EXECUTION}.Input.{name} : {default} %}}"

        handed_over = {name: given(name, default) for name, default in HANDED_OVER.items()}
        return sfn.Pass.jsonata(self, "Start", assign={**handed_over, "fault": NULL, "zeroCursor": NULL, "events": 0})

    def _zeros(self, function: Function, find: tasks.LambdaInvoke) -> sfn.Choice:
        """Put zero records, page by page of the customers. A fault of it holds up no usage."""
        put = invoke(
            self,
            "PutZeroRecords",
            function,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "cursor": "{% $zeroCursor %}"},
            assign={"zeroCursor": "{% $states.result.Payload.cursor %}", "events": "{% $events + 10 %}"},
        )
        put.add_catch(find, errors=["States.ALL"])
        more = sfn.Choice.jsonata(self, "MoreZeros").when(when("$zeroCursor != null"), put)
        put.next(more.otherwise(find))
        # The first execution of a run has put the zero records already when another one continues.
        first = sfn.Choice.jsonata(self, "BeginWithZeros")
        return first.when(when("$cursor = null and $passes = 0"), put).otherwise(find)

    def _submit(self, function: Function, concurrency: int) -> sfn.Map:
        submit, task = submit_batches(
            self,
            function,
            run="$startedAt",
            concurrency=concurrency,
            assign={"busy": "{% $busy or $count($states.result[busy = true]) > 0 %}"},
            outputs={"busy": False},
        )
        # A batch without an answer does not hold up the others: it has its turn again in the next pass.
        left = sfn.Pass.jsonata(self, "LeftPending", outputs={"busy": True})
        task.add_catch(left, errors=[MARKETPLACE_BUSY, LAMBDA_FULL])
        stopped = sfn.Fail.jsonata(
            self, "ProductFault", error="{% $states.input.error %}", cause="{% $states.input.cause %}"
        )
        task.add_catch(stopped, errors=[PRODUCT_FAULT], outputs=FAULT)
        # This batch alone failed in every try: its lines stay pending, and the function's error alarm calls.
        task.add_catch(left, errors=["States.ALL"])
        return submit

    def _continue(self, find: tasks.LambdaInvoke, report: tasks.LambdaInvoke) -> sfn.Choice:
        """After a page: the next page, another execution, another pass for unanswered batches, or the report."""
        pauses = ", ".join(str(seconds) for seconds in PAUSES)
        wait = sfn.Wait.jsonata(
            self,
            "WaitForMarketplace",
            time=sfn.WaitTime.seconds(f"{{% [{pauses}][$passes] %}}"),
            assign={"cursor": NULL, "busy": False, "passes": "{% $passes + 1 %}"},
        )
        full = f"$events >= {EVENTS}"
        hand_over = self._hand_over(report)
        again = sfn.Choice.jsonata(self, "AnotherPass").when(when(full), hand_over).otherwise(find)
        return (
            sfn.Choice.jsonata(self, "GoingOn")
            .when(when("$fault != null"), report)
            .when(when(f"$more and {full}"), hand_over)
            .when(when("$more"), find)
            .when(when(f"$busy and $passes < {len(PAUSES)}"), wait.next(again))
            .otherwise(report)
        )

    def _hand_over(self, report: tasks.LambdaInvoke) -> sfn.Chain:
        """Another execution continues with the next page, in the version of this one, whatever is live by now.

        Only the execution itself can say which version that is (DescribeExecution): a machine's own ARN cannot stand in
        its definition, nor a version's in the version's. An execution of the machine's ARN has no version.
        """
        partition = Stack.of(self).partition
        found = "$states.result.StateMachineVersionArn"
        ask = self._call(
            "AskForVersion",
            f"arn:{partition}:states:::aws-sdk:sfn:describeExecution",
            {"ExecutionArn": f"{{% {_EXECUTION}.Id %}}"},
            output=f"{{% {found} ? {found} : $states.result.StateMachineArn %}}",
        )
        start = self._call(
            "HandOver",
            f"arn:{partition}:states:::states:startExecution",
            {"StateMachineArn": "{% $states.input %}", "Input": {name: f"{{% ${name} %}}" for name in HANDED_OVER}},
            output={},
        )
        for task in (ask, start):
            task.add_catch(report, errors=["States.ALL"], assign={"fault": FAULT})
        return ask.next(start).next(sfn.Succeed.jsonata(self, "HandedOver"))

    def _call(
        self, id_: str, resource: str, arguments: dict[str, Any], *, output: str | dict[str, str]
    ) -> sfn.CustomState:
        """A call of Step Functions itself. CDK's own state would need the machine, or more rights than this takes."""
        retry = {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 2,
            "MaxAttempts": 5,
            "BackoffRate": 2,
            "MaxDelaySeconds": 30,
            # Runs of the same minute hand over in the same minute.
            "JitterStrategy": "FULL",
        }
        state = {"Type": "Task", "Resource": resource, "Arguments": arguments, "Output": output, "Retry": [retry]}
        return sfn.CustomState(self, id_, state_json={**state, "TimeoutSeconds": ANSWERED_WITHIN})

    def _after_report(self, report: tasks.LambdaInvoke) -> None:
        failed = sfn.Fail.jsonata(self, "RunFailed", error="{% $fault.error %}", cause="{% $fault.cause %}")
        faulted = sfn.Choice.jsonata(self, "Faulted").when(when("$fault != null"), failed)
        report.next(faulted.otherwise(sfn.Succeed.jsonata(self, "RunCompleted")))

    def _each_chunk(self, id_: str, step: str, function: Function) -> sfn.Map:
        """One invocation per chunk of hours. The state drops what the invocations return: the table has the outcome.

        A chunk whose invocation fails in every try (it takes more memory or time than the function has) must not hold
        up the others: the state tries its hours one by one. An hour that fails alone stays pending; the function's
        error alarm and the hour's age call for it.
        """
        each = sfn.Map.jsonata(
            self, id_, items=sfn.ProvideItems.jsonata("{% $chunks %}"), max_concurrency=SEAL_CONCURRENCY, outputs={}
        )
        one = invoke(self, f"{step}Alone", function, {"keys": "{% [$states.input] %}"})
        one.add_catch(sfn.Pass.jsonata(self, f"{step}Left", outputs={}), errors=["States.ALL"])
        one_by_one = sfn.Map.jsonata(
            self,
            f"{step}OneByOne",
            items=sfn.ProvideItems.jsonata("{% $states.input %}"),
            max_concurrency=1,
            outputs={},
        ).item_processor(one)
        chunk = invoke(self, step, function, {"keys": "{% $states.input %}"})
        chunk.add_catch(one_by_one, errors=["States.ALL"], outputs="{% $states.input %}")
        return each.item_processor(chunk)
