"""The states of final metering, named after the files that implement them.

Find what is to be done now; refuse usage, send hours, wait for a time, or end; and find again, until nothing is left.
"""

from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.workflows.lanes import Lanes
from stacks.constructs.workflows.task import FAULT, answers, invoke, when

#: A minute each: a fault of ours that lasts for longer than half the hour of grace is for a person to repair.
FAULTS = 30
AFTER_FAULT = Duration.minutes(1)
#: One customer has few lines, and the hourly run's lanes need the submitter's other copies.
SUBMIT_CONCURRENCY = 2


class FinalFunctions(NamedTuple):
    """Three functions of final metering, and three that it shares with the hourly workflow."""

    find_final_hours: Function
    refuse_usage: Function
    end_subscription: Function
    seal_hours: Function
    plan_batches: Function
    submit_batch: Function


class FinalStates(Construct):
    """``chain`` is the state machine's definition.

    Input ``{"customerIdentifier": …, "periodEnd": epoch seconds}``. Variables: customerIdentifier, periodEnd, sent
    (hours were sent since the last wait), seal, chunks and lanes (keys only), step, waitUntil, outcome, faults (of
    our functions so far), fault (the last one).
    """

    def __init__(self, scope: Construct, id_: str, *, functions: FinalFunctions) -> None:
        super().__init__(scope, id_)
        period = {"customerIdentifier": "{% $customerIdentifier %}", "periodEnd": "{% $periodEnd %}"}
        find = invoke(
            self,
            "FindFinalHours",
            functions.find_final_hours,
            {**period, "sent": "{% $sent %}"},
            assign=answers("step", "seal", "chunks", "waitUntil"),
        )
        refuse = invoke(self, "RefuseUsage", functions.refuse_usage, period)
        seal = invoke(self, "SealHours", functions.seal_hours, {"keys": "{% $seal %}"})
        plan = invoke(self, "PlanBatches", functions.plan_batches, {"chunks": "{% $chunks %}"}, assign=answers("lanes"))
        # Whatever failed, the lines stay pending, and are sent again a minute later: a person may correct a setting.
        submit = Lanes(
            self,
            "Lanes",
            function=functions.submit_batch,
            lanes="$lanes",
            run="$states.context.Execution.Name",
            concurrency=SUBMIT_CONCURRENCY,
            stops=False,
            assign={"sent": True},
        ).state
        end = invoke(
            self, "EndSubscription", functions.end_subscription, period, assign={**answers("outcome"), "sent": False}
        )
        faulted = self._faulted(find)
        for state in (find, refuse, seal, plan, submit, end):
            state.add_catch(faulted, errors=["States.ALL"], assign={"faults": "{% $faults + 1 %}", "fault": FAULT})
        wait = sfn.Wait.jsonata(
            self, "WaitUntil", time=sfn.WaitTime.timestamp("{% $waitUntil %}"), assign={"sent": False}
        )
        completed = sfn.Succeed.jsonata(self, "FinalMeteringCompleted")
        ended = sfn.Choice.jsonata(self, "Ended").when(when("$outcome = 'ended'"), completed).otherwise(find)
        next_step = sfn.Choice.jsonata(self, "NextStep")
        next_step.when(when("$step = 'send'"), seal)
        next_step.when(when("$step = 'wait'"), wait)
        next_step.when(when("$step = 'refuse'"), refuse)
        next_step.when(when("$step = 'end'"), end)
        find.next(next_step.otherwise(completed))
        seal.next(plan).next(submit).next(find)
        wait.next(find)
        refuse.next(find)
        end.next(ended)
        self.chain = self._start().next(find)

    def _start(self) -> sfn.Pass:
        inputs = {name: f"{{% $states.input.{name} %}}" for name in ("customerIdentifier", "periodEnd")}
        return sfn.Pass.jsonata(self, "Start", assign={**inputs, "sent": False, "faults": 0})

    def _faulted(self, find: tasks.LambdaInvoke) -> sfn.Choice:
        wait = sfn.Wait.jsonata(self, "WaitAfterFault", time=sfn.WaitTime.duration(AFTER_FAULT), assign={"sent": False})
        wait.next(find)
        failed = sfn.Fail.jsonata(self, "FinalMeteringFailed", error="{% $fault.error %}", cause="{% $fault.cause %}")
        return sfn.Choice.jsonata(self, "Faulted").when(when(f"$faults >= {FAULTS}"), failed).otherwise(wait)
