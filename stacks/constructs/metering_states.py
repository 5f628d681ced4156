"""The states of the hourly workflow, named after the files that implement them.

Pages of due hours, oldest first: find → seal → plan → submit → settle. Batches that Marketplace left unanswered have
their turn again after a while, once everything else has been sent. Then report, whatever has happened.
"""

from typing import Any

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.function import RoomFunction
from stacks.constructs.workflow_task import LAMBDA_FULL, MARKETPLACE_BUSY, invoke

SEAL_CONCURRENCY = 4
#: an execution's history holds 25,000 events (Step Functions quotas); a page of 400 hours with 5 dimensions takes about
#: 1,200, so a run ends in order before that, and the next one goes on with what is still due
PAGES = 16
#: seconds before each further pass for batches that were left unanswered: 25 minutes in all
PAUSES = (60, 120, 240, 480, 600)
#: not every error of the engine itself has one, and a missing value would fail the catcher
CAUSE = "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}"
FAULT = {"fault": {"error": "{% $states.errorOutput.Error %}", "cause": CAUSE}}
#: a literal null would be dropped on its way through CDK
NULL = "{% null %}"


class MeteringStates(Construct):
    """``chain`` is the state machine's definition.

    Variables: startedAt, hour, cursor, more, chunks, batches, fault, busy (a batch of this pass was left unanswered),
    passes, pages.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
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
                "pages": "{% $pages + 1 %}",
            },
        )
        seal = self._each("SealHours", "{% $chunks %}", SEAL_CONCURRENCY, "SealChunk", seal_hours, "keys")
        plan = invoke(
            self,
            "PlanBatches",
            plan_batches,
            {"chunks": "{% $chunks %}"},
            assign={"batches": "{% $states.result.Payload.batches %}"},
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
        self._after_report(reporting)
        going_on = self._going_on(find, reporting)
        self.chain = self._start().next(find).next(seal).next(plan).next(submit).next(settle).next(going_on)

    def _start(self) -> sfn.Pass:
        return sfn.Pass.jsonata(
            self,
            "Start",
            assign={
                "startedAt": "{% $states.context.Execution.StartTime %}",
                "hour": "{% $exists($states.context.Execution.Input.hour)"
                " ? $states.context.Execution.Input.hour : null %}",
                "cursor": NULL,
                "fault": NULL,
                "busy": False,
                "passes": 0,
                "pages": 0,
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
        task = invoke(self, "SubmitLines", function, {"lines": "{% $states.input %}"}, outputs={"busy": False})
        # a batch that is left does not hold up the others: it has its turn again in the next pass
        left = sfn.Pass.jsonata(self, "LeftPending", outputs={"busy": True})
        task.add_catch(left, errors=[MARKETPLACE_BUSY, LAMBDA_FULL])
        return submit.item_processor(task)

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
        choice.when(sfn.Condition.jsonata(f"{{% $pages >= {PAGES} %}}"), reporting)
        choice.when(sfn.Condition.jsonata("{% $more %}"), find)
        choice.when(sfn.Condition.jsonata(f"{{% $busy and $passes < {len(PAUSES)} %}}"), wait.next(find))
        return choice.otherwise(reporting)

    def _after_report(self, reporting: Any) -> None:
        failed = sfn.Fail.jsonata(self, "RunFailed", error="{% $fault.error %}", cause="{% $fault.cause %}")
        faulted = sfn.Choice.jsonata(self, "Faulted")
        faulted.when(sfn.Condition.jsonata("{% $fault != null %}"), failed)
        reporting.next(faulted.otherwise(sfn.Succeed.jsonata(self, "RunCompleted")))

    def _each(self, id_: str, items: str, concurrency: int, step: str, function: RoomFunction, key: str) -> sfn.Map:
        """One invocation per item; what the invocations return is dropped, the table holds the outcome."""
        each = sfn.Map.jsonata(
            self, id_, items=sfn.ProvideItems.jsonata(items), max_concurrency=concurrency, outputs={}
        )
        return each.item_processor(invoke(self, step, function, {key: "{% $states.input %}"}, outputs={}))
