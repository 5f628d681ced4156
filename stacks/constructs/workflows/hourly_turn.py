"""One turn of the hourly workflow: a page is sent, while the next one is prepared and the one before is settled.

So the submitter has work from the first page to the last. The branches share nothing but the tables, and every step
works on sealed lines, so no order between branches matters. No branch may fail, because Parallel would then stop the
others amidst their work: each catches its faults and hands them out.
"""

from typing import Any, NamedTuple

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from metering.sizes import PAGE_KEYS, SEAL_CONCURRENCY, SETTLE_CONCURRENCY
from stacks.constructs.functions.function import Function
from stacks.constructs.workflows.chunks import Chunks
from stacks.constructs.workflows.lanes import ANY_LEFT, TRIED_ALONE, Lanes
from stacks.constructs.workflows.lanes import EVENTS_ALONE as EVENTS_OF_A_BATCH_ALONE
from stacks.constructs.workflows.task import FAULT, invoke, when

#: CDK would drop a literal null.
NULL = "{% null %}"
NO_PAGE: dict[str, Any] = {"chunks": [], "lanes": []}
#: Events of the execution's history that a turn takes beside those of its chunks and lanes.
EVENTS_OF_A_TURN = 60
#: Events of an hour that is tried alone, twice, and left.
EVENTS_ALONE = 12
_SENT, _PREPARED, _SETTLED = (f"$states.result[{branch}]" for branch in range(3))


class HourlyFunctions(NamedTuple):
    """The functions that the hourly workflow invokes."""

    put_zero_records: Function
    find_due_hours: Function
    seal_hours: Function
    plan_batches: Function
    submit_batch: Function
    settle_hours: Function
    report: Function


class HourlyTurn(Construct):
    """``state`` is the turn.

    It reads the variables startedAt, hour, cursor, more, most, passes, fault, page (``chunks`` of record keys and
    ``lanes`` of batches) and settling (chunks of the page before). It assigns them as the next turn needs them: the
    page is then to be settled, and what was prepared is the page. After a fault a turn neither prepares nor sends.

    A branch's own variables are seen in it alone, and are named unlike those around it.
    """

    def __init__(self, scope: Construct, id_: str, *, functions: HourlyFunctions, submit_concurrency: int) -> None:
        super().__init__(scope, id_)
        # The first fault stays.
        fault = "null"
        for each in (_SETTLED, _PREPARED, _SENT):
            fault = f"{each}.fault != null ? {each}.fault : {fault}"
        events = f"{_PREPARED}.events + {EVENTS_ALONE} * {_SETTLED}.alone + {EVENTS_OF_A_TURN}"
        events += f" + {EVENTS_OF_A_BATCH_ALONE} * {_SENT}.alone"
        self.state = sfn.Parallel.jsonata(
            self,
            "Turn",
            assign={
                "settling": "{% $page.chunks %}",
                "page": f"{{% {_PREPARED}.page %}}",
                "cursor": f"{{% {_PREPARED}.cursor %}}",
                "more": f"{{% {_PREPARED}.more %}}",
                "most": f"{{% $min([2 * $most, {PAGE_KEYS}]) %}}",
                "busy": f"{{% $busy or {_SENT}.busy or {_PREPARED}.left %}}",
                "events": f"{{% $events + {events} %}}",
                "fault": f"{{% $fault != null ? $fault : {fault} %}}",
            },
            outputs={},
        ).branch(
            self._send(functions.submit_batch, submit_concurrency),
            self._prepare(functions),
            self._settle(functions.settle_hours),
        )

    def _send(self, function: Function, concurrency: int) -> sfn.Choice:
        lanes = Lanes(
            self,
            "Lanes",
            function=function,
            lanes="$page.lanes",
            run="$startedAt",
            concurrency=concurrency,
            stops=True,
            outputs={"busy": f"{{% {ANY_LEFT} %}}", "alone": f"{{% {TRIED_ALONE} %}}", "fault": NULL},
        )
        none: dict[str, Any] = {"busy": False, "alone": 0}
        stopped = sfn.Pass.jsonata(self, "SendingStopped", outputs={**none, "fault": "{% $states.input %}"})
        lanes.state.add_catch(stopped, errors=["States.ALL"], outputs=FAULT)
        nothing = sfn.Pass.jsonata(self, "NothingSent", outputs={**none, "fault": NULL})
        return sfn.Choice.jsonata(self, "MaySend").when(when("$fault = null"), lanes.state).otherwise(nothing)

    def _prepare(self, functions: HourlyFunctions) -> sfn.Choice:
        find = invoke(
            self,
            "FindDueHours",
            functions.find_due_hours,
            {
                "startedAt": "{% $startedAt %}",
                "hour": "{% $hour %}",
                "cursor": "{% $cursor %}",
                "most": "{% $most %}",
            },
            assign={
                "dueChunks": "{% $states.result.Payload.chunks %}",
                "dueCursor": "{% $states.result.Payload.cursor %}",
                "dueMore": "{% $states.result.Payload.more %}",
                "dueEvents": "{% $states.result.Payload.events %}",
            },
        )
        seal = Chunks(
            self,
            "SealHours",
            step="SealChunk",
            chunks="$dueChunks",
            function=functions.seal_hours,
            at_once=SEAL_CONCURRENCY,
        ).state
        plan = invoke(
            self,
            "PlanBatches",
            functions.plan_batches,
            # Lines that were rejected before have their turn after the good lines of every page.
            {"chunks": "{% $dueChunks %}", "knownBad": "{% $passes > 0 or $not($dueMore) %}"},
            outputs={
                "page": {"chunks": "{% $dueChunks %}", "lanes": "{% $states.result.Payload.lanes %}"},
                "cursor": "{% $dueCursor %}",
                "more": "{% $dueMore %}",
                "left": "{% $states.result.Payload.left %}",
                "events": f"{{% $dueEvents + $states.result.Payload.events + {EVENTS_ALONE} * $states.input %}}",
                "fault": NULL,
            },
        )
        nothing = {"page": NO_PAGE, "cursor": NULL, "more": False, "left": False, "events": 0}
        stopped = sfn.Pass.jsonata(self, "PreparingStopped", outputs={**nothing, "fault": "{% $states.input %}"})
        for state in (find, seal, plan):
            state.add_catch(stopped, errors=["States.ALL"], outputs=FAULT)
        prepared = sfn.Pass.jsonata(self, "NothingPrepared", outputs={**nothing, "fault": NULL})
        find.next(seal).next(plan)
        choice = sfn.Choice.jsonata(self, "MayPrepare")
        return choice.when(when("$more and $fault = null"), find).otherwise(prepared)

    def _settle(self, function: Function) -> sfn.Chain:
        settle = Chunks(
            self,
            "SettleHours",
            step="SettleChunk",
            chunks="$settling",
            function=function,
            at_once=SETTLE_CONCURRENCY,
        ).state
        stopped = sfn.Pass.jsonata(self, "SettlingStopped", outputs={"alone": 0, "fault": "{% $states.input %}"})
        settle.add_catch(stopped, errors=["States.ALL"], outputs=FAULT)
        settled = sfn.Pass.jsonata(self, "Settled", outputs={"alone": "{% $states.input %}", "fault": NULL})
        return settle.next(settled)
