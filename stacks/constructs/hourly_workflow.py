"""The hourly metering workflow: find due hours → seal → plan batches → submit → settle, page by page, then report.

States carry keys only; every step may run twice, since it works on frozen lines. The states' names are those of the
files that implement them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import CfnElement, Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.function import TRACING_REASON, RoomFunction
from stacks.constructs.log_group import add_log_group
from stacks.constructs.workflow_task import MARKETPLACE_BUSY, invoke

SEAL_CONCURRENCY = 4
#: under the hour, so that a stuck run ends before the next but one starts
TIMEOUT = Duration.minutes(55)
#: not every error of the engine itself has one, and a missing value would fail the catcher
CAUSE = "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}"

LOG_DELIVERY_REASON = "CloudWatch Logs' delivery actions know no resources (Step Functions Developer Guide, logging)"
INVOKE_REASON = "the grant of invocation names the function and its versions"


@dataclass(frozen=True, kw_only=True)
class WorkflowFunctions:
    find_due_hours: RoomFunction
    seal_hours: RoomFunction
    plan_batches: RoomFunction
    submit_batch: RoomFunction
    settle_hours: RoomFunction
    report: RoomFunction

    def all(self) -> tuple[RoomFunction, ...]:
        return (
            self.find_due_hours,
            self.seal_hours,
            self.plan_batches,
            self.submit_batch,
            self.settle_hours,
            self.report,
        )


class HourlyWorkflow(Construct):
    """Input ``{}``, or ``{"hour": "2026-11-15T08:00:00Z"}`` to consider hours up to that one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        functions: WorkflowFunctions,
        submit_concurrency: int,
        environment: FunctionEnvironment,
    ) -> None:
        super().__init__(scope, id_)
        self.log_group = add_log_group(
            self,
            "Logs",
            # AWS asks for this prefix (Step Functions Developer Guide, "Logging using CloudWatch Logs")
            name=f"/aws/vendedlogs/states{environment.log_group_prefix}/{id_}",
            environment=environment,
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(self._definition(functions, submit_concurrency)),
            query_language=sfn.QueryLanguage.JSONATA,
            state_machine_type=sfn.StateMachineType.STANDARD,
            timeout=TIMEOUT,
            tracing_enabled=True,
            # states carry customer keys, no personal data
            logs=sfn.LogOptions(destination=self.log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        acknowledge(
            self.machine.role,
            {
                "AwsSolutions-IAM5[Resource::*]": f"{TRACING_REASON}; {LOG_DELIVERY_REASON}",
                **{
                    f"AwsSolutions-IAM5[Resource::<{_logical_id(function)}.Arn>:*]": INVOKE_REASON
                    for function in functions.all()
                },
            },
        )

    def _definition(self, functions: WorkflowFunctions, submit_concurrency: int) -> sfn.Chain:
        start = sfn.Pass.jsonata(
            self,
            "Start",
            assign={
                "startedAt": "{% $states.context.Execution.StartTime %}",
                "hour": "{% $exists($states.context.Execution.Input.hour)"
                " ? $states.context.Execution.Input.hour : null %}",
                # a literal null would be dropped on its way through CDK
                "cursor": "{% null %}",
                "fault": "{% null %}",
            },
        )
        find = invoke(
            self,
            "FindDueHours",
            functions.find_due_hours,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "cursor": "{% $cursor %}"},
            assign={
                "chunks": "{% $states.result.Payload.chunks %}",
                "cursor": "{% $states.result.Payload.cursor %}",
                "more": "{% $states.result.Payload.more %}",
            },
        )
        seal = self._each("SealHours", "{% $chunks %}", SEAL_CONCURRENCY, "SealChunk", functions.seal_hours, "keys")
        plan = invoke(
            self,
            "PlanBatches",
            functions.plan_batches,
            {"chunks": "{% $chunks %}"},
            assign={"batches": "{% $states.result.Payload.batches %}"},
        )
        submit = self._each(
            "SubmitBatch",
            "{% $batches %}",
            submit_concurrency,
            "SubmitLines",
            functions.submit_batch,
            "lines",
            # what Marketplace leaves unanswered for half an hour stays pending and does not hold up the other batches
            go_on_after=(MARKETPLACE_BUSY,),
        )
        settle = self._each(
            "SettleHours", "{% $chunks %}", SEAL_CONCURRENCY, "SettleChunk", functions.settle_hours, "keys"
        )
        report = invoke(
            self,
            "Report",
            functions.report,
            {"startedAt": "{% $startedAt %}", "hour": "{% $hour %}", "fault": "{% $fault %}"},
            outputs="{% $states.result.Payload %}",
        )
        for state in (find, seal, plan, submit, settle):
            state.add_catch(
                report,
                errors=["States.ALL"],
                assign={"fault": {"error": "{% $states.errorOutput.Error %}", "cause": CAUSE}},
            )
        failed = sfn.Fail.jsonata(self, "RunFailed", error="{% $fault.error %}", cause="{% $fault.cause %}")
        faulted = sfn.Choice.jsonata(self, "Faulted").when(sfn.Condition.jsonata("{% $fault != null %}"), failed)
        report.next(faulted.otherwise(sfn.Succeed.jsonata(self, "RunCompleted")))
        more = sfn.Choice.jsonata(self, "MoreDueHours").when(sfn.Condition.jsonata("{% $more %}"), find)
        return start.next(find).next(seal).next(plan).next(submit).next(settle).next(more.otherwise(report))

    def _each(
        self,
        id_: str,
        items: str,
        concurrency: int,
        step: str,
        function: RoomFunction,
        key: str,
        go_on_after: Sequence[str] = (),
    ) -> sfn.Map:
        """One invocation per item; what the invocations return is dropped, the table holds the outcome.

        go_on_after: errors of one item that, once retried in vain, do not fail the others.
        """
        each = sfn.Map.jsonata(
            self, id_, items=sfn.ProvideItems.jsonata(items), max_concurrency=concurrency, outputs={}
        )
        task = invoke(self, step, function, {key: "{% $states.input %}"}, outputs={})
        if go_on_after:
            task.add_catch(sfn.Pass.jsonata(self, f"{step}LeftPending", outputs={}), errors=list(go_on_after))
        return each.item_processor(task)


def _logical_id(function: RoomFunction) -> str:
    resource = function.function.node.default_child
    assert isinstance(resource, CfnElement)
    return Stack.of(resource).get_logical_id(resource)
