"""The states of final metering, named after the files that implement them.

Find what is to be done now; refuse usage, send hours, wait for a time, or end; and find again, until nothing is left.
"""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.function import RoomFunction
from stacks.constructs.metering_states import CAUSE
from stacks.constructs.workflow_task import invoke

#: a minute each: a fault of ours that lasts for longer than half the grace is somebody's to mend
FAULTS = 30
AFTER_FAULT = Duration.minutes(1)
#: the leaver's few lines; the hourly run's batches need the submitter's other copies
SUBMIT_CONCURRENCY = 2


class FinalStates(Construct):
    """``chain`` is the state machine's definition.

    Variables: customerIdentifier, periodEnd, sent (hours were sent since the last wait), seal, chunks and batches (keys
    only), step, waitUntil, outcome, faults (of our functions so far), fault (the last one).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        find_final_hours: RoomFunction,
        refuse_usage: RoomFunction,
        end_subscription: RoomFunction,
        seal_hours: RoomFunction,
        plan_batches: RoomFunction,
        submit_batch: RoomFunction,
    ) -> None:
        super().__init__(scope, id_)
        period = {"customerIdentifier": "{% $customerIdentifier %}", "periodEnd": "{% $periodEnd %}"}
        find = invoke(
            self,
            "FindFinalHours",
            find_final_hours,
            {**period, "sent": "{% $sent %}"},
            assign={name: f"{{% $states.result.Payload.{name} %}}" for name in ("step", "seal", "chunks", "waitUntil")},
        )
        refuse = invoke(self, "RefuseUsage", refuse_usage, period)
        seal = invoke(self, "SealHours", seal_hours, {"keys": "{% $seal %}"})
        plan = invoke(
            self,
            "PlanBatches",
            plan_batches,
            {"chunks": "{% $chunks %}"},
            assign={"batches": "{% $states.result.Payload.batches %}"},
        )
        submit = self._submit(submit_batch)
        end = invoke(
            self,
            "EndSubscription",
            end_subscription,
            period,
            assign={"outcome": "{% $states.result.Payload.outcome %}", "sent": False},
        )
        faulted = self._faulted(find)
        for state in (find, refuse, seal, plan, submit, end):
            state.add_catch(
                faulted,
                errors=["States.ALL"],
                assign={
                    "faults": "{% $faults + 1 %}",
                    "fault": {"error": "{% $states.errorOutput.Error %}", "cause": CAUSE},
                },
            )
        completed = sfn.Succeed.jsonata(self, "FinalMeteringCompleted")
        self._next_step(find, refuse, seal, end, completed)
        refuse.next(find)
        seal.next(plan).next(submit).next(find)
        ended = sfn.Choice.jsonata(self, "Ended")
        end.next(ended.when(sfn.Condition.jsonata("{% $outcome = 'ended' %}"), completed).otherwise(find))
        self.chain = self._start().next(find)

    def _start(self) -> sfn.Pass:
        return sfn.Pass.jsonata(
            self,
            "Start",
            assign={
                "customerIdentifier": "{% $states.input.customerIdentifier %}",
                "periodEnd": "{% $states.input.periodEnd %}",
                "sent": False,
                "faults": 0,
            },
        )

    def _next_step(self, find: Any, refuse: Any, seal: Any, end: Any, completed: Any) -> None:
        wait = sfn.Wait.jsonata(
            self, "WaitUntil", time=sfn.WaitTime.timestamp("{% $waitUntil %}"), assign={"sent": False}
        )
        wait.next(find)
        choice = sfn.Choice.jsonata(self, "NextStep")
        for step, state in (("send", seal), ("wait", wait), ("refuse", refuse), ("end", end)):
            choice.when(sfn.Condition.jsonata(f"{{% $step = '{step}' %}}"), state)
        find.next(choice.otherwise(completed))

    def _submit(self, function: RoomFunction) -> sfn.Map:
        submit = sfn.Map.jsonata(
            self,
            "SubmitBatch",
            items=sfn.ProvideItems.jsonata("{% $batches %}"),
            max_concurrency=SUBMIT_CONCURRENCY,
            assign={"sent": True},
            outputs={},
        )
        task = invoke(
            self,
            "SubmitLines",
            function,
            {"lines": "{% $states.input %}", "run": "{% $states.context.Execution.Name %}"},
        )
        # whatever it was, its lines are pending, and are tried again a minute later: a setting may be mended meanwhile
        task.add_catch(sfn.Pass.jsonata(self, "LeftPending", outputs={}), errors=["States.ALL"])
        return submit.item_processor(task)

    def _faulted(self, find: Any) -> sfn.Choice:
        wait = sfn.Wait.jsonata(self, "WaitAfterFault", time=sfn.WaitTime.duration(AFTER_FAULT), assign={"sent": False})
        wait.next(find)
        failed = sfn.Fail.jsonata(self, "FinalMeteringFailed", error="{% $fault.error %}", cause="{% $fault.cause %}")
        faulted = sfn.Choice.jsonata(self, "Faulted")
        faulted.when(sfn.Condition.jsonata(f"{{% $faults >= {FAULTS} %}}"), failed)
        return faulted.otherwise(wait)
