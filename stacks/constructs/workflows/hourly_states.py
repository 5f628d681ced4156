"""The states of the hourly workflow, named after the files that implement them.

Pages of due hours, oldest first, go through turns: find, seal and plan in the first, send in the second, settle in the
third. Each turn does all of it, for three pages at once (``hourly_turn``). Batches that Marketplace left unanswered
have their turn again after a while, once everything else has been sent. Then report, whatever has happened. States
carry keys only, and every step may run twice, since it works on sealed lines.
"""

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from metering.sizes import FIRST_PAGE_KEYS
from stacks.constructs.functions.function import Function
from stacks.constructs.workflows.hand_over import HandOver
from stacks.constructs.workflows.hourly_turn import NO_PAGE, NULL, HourlyFunctions, HourlyTurn
from stacks.constructs.workflows.task import FAULT, invoke, when

#: An execution's history holds 25,000 events (Step Functions quotas). From here on another execution continues with the
#: next page. A turn takes 13,000 at most: 40 chunks whose 20 hours all have to be tried alone, and 60 lanes.
EVENTS = 11_000
#: Seconds before each further pass for batches that were left unanswered: 25 minutes in all.
PAUSES = (60, 120, 240, 480, 600)
_EXECUTION = "$states.context.Execution"
#: Variables that an execution hands over to the next one, with their values in a first one.
HANDED_OVER = {
    "startedAt": f"{_EXECUTION}.StartTime",
    "hour": "null",
    "cursor": "null",
    "more": "true",
    "most": str(FIRST_PAGE_KEYS),
    "page": "{'chunks': [], 'lanes': []}",
    "busy": "false",
    "passes": "0",
}


class HourlyStates(Construct):
    """``chain`` is the state machine's definition.

    Input ``{}``, or ``{"hour": "2026-11-15T08:00:00Z"}`` for hours up to that one. Variables: startedAt, hour,
    zeroCursor, cursor, more (there may be another page), most (keys of the next page), page, settling, fault, busy (a
    batch of this pass was left unanswered), passes, events (of this execution's history, at most), handedOver.
    """

    def __init__(self, scope: Construct, id_: str, *, functions: HourlyFunctions, submit_concurrency: int) -> None:
        super().__init__(scope, id_)
        turn = HourlyTurn(self, "OneTurn", functions=functions, submit_concurrency=submit_concurrency).state
        report = invoke(
            self,
            "Report",
            functions.report,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "fault": "{% $fault %}"},
            # It may have found one: a product that nothing could be sent for, while others' lines went on.
            assign={"fault": "{% $states.result.Payload.fault %}"},
            outputs="{% $states.result.Payload %}",
        )
        # Its branches catch their faults themselves. This is for what Step Functions does not let them catch.
        turn.add_catch(report, errors=["States.ALL"], assign={"fault": FAULT})
        self._after_report(report)
        self.chain = self._start().next(self._zeros(functions.put_zero_records, turn))
        turn.next(self._continue(turn, report))

    def _start(self) -> sfn.Pass:
        def given(name: str, default: str) -> str:
            return f"{{% $exists({_EXECUTION}.Input.{name}) ? {_EXECUTION}.Input.{name} : {default} %}}"

        handed_over = {name: given(name, default) for name, default in HANDED_OVER.items()}
        own = {"settling": [], "fault": NULL, "zeroCursor": NULL, "events": 0, "handedOver": False}
        return sfn.Pass.jsonata(self, "Start", assign={**handed_over, **own}, outputs={})

    def _zeros(self, function: Function, turn: sfn.Parallel) -> sfn.Choice:
        """Put zero records, page by page of the customers. A fault of it holds up no usage."""
        put = invoke(
            self,
            "PutZeroRecords",
            function,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "cursor": "{% $zeroCursor %}"},
            assign={"zeroCursor": "{% $states.result.Payload.cursor %}", "events": "{% $events + 10 %}"},
        )
        put.add_catch(turn, errors=["States.ALL"])
        more = sfn.Choice.jsonata(self, "MoreZeros").when(when("$zeroCursor != null"), put)
        put.next(more.otherwise(turn))
        # The first execution of a run has put the zero records already when another one continues.
        first = sfn.Choice.jsonata(self, "BeginWithZeros")
        return first.when(when(f"$exists({_EXECUTION}.Input.page)"), turn).otherwise(put)

    def _continue(self, turn: sfn.Parallel, report: tasks.LambdaInvoke) -> sfn.Choice:
        """After a turn: another turn, another execution, another pass for unanswered batches, or the report."""
        pauses = ", ".join(str(seconds) for seconds in PAUSES)
        wait = sfn.Wait.jsonata(
            self,
            "WaitForMarketplace",
            time=sfn.WaitTime.seconds(f"{{% [{pauses}][$passes] %}}"),
            assign={"cursor": NULL, "more": True, "busy": False, "passes": "{% $passes + 1 %}"},
        )
        going_on = sfn.Choice.jsonata(self, "GoingOn")
        # The other execution sends the page that is prepared. This one only settles the page that it has sent.
        hand_over = HandOver(
            self,
            "ToAnother",
            variables=list(HANDED_OVER),
            assign={"handedOver": True, "page": NO_PAGE, "more": False},
        )
        for call in (hand_over.first, hand_over.last):
            call.add_catch(going_on, errors=["States.ALL"], assign={"fault": FAULT})
        hand_over.last.next(going_on)
        to_send = "($more or $count($page.lanes) > 0)"
        return (
            going_on.when(when(f"$fault = null and {to_send} and $events >= {EVENTS}"), hand_over.first)
            .when(when(f"$fault = null and {to_send}"), turn)
            .when(when("$count($page.chunks) > 0 or $count($settling) > 0"), turn)
            .when(when("$fault != null"), report)
            .when(when("$handedOver"), sfn.Succeed.jsonata(self, "HandedOver"))
            .when(when(f"$busy and $passes < {len(PAUSES)}"), wait.next(going_on))
            .otherwise(report)
        )

    def _after_report(self, report: tasks.LambdaInvoke) -> None:
        failed = sfn.Fail.jsonata(self, "RunFailed", error="{% $fault.error %}", cause="{% $fault.cause %}")
        faulted = sfn.Choice.jsonata(self, "Faulted").when(when("$fault != null"), failed)
        report.next(faulted.otherwise(sfn.Succeed.jsonata(self, "RunCompleted")))
