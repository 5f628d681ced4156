"""Another execution continues a run, before this one's history is full."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

_EXECUTION = "$states.context.Execution"
#: Seconds for Step Functions to answer one call. A task without a limit may wait for a year.
ANSWERED_WITHIN = 60


class HandOver(Construct):
    """``first`` and ``last`` are its states: another execution starts with the given variables as its input.

    It runs in the version of this execution, whatever is live by now. Only the execution itself can say which version
    that is (DescribeExecution): a machine's own ARN cannot stand in its definition, nor a version's in the version's.
    An execution of the machine's ARN has no version.
    """

    def __init__(self, scope: Construct, id_: str, *, variables: list[str], assign: dict[str, Any]) -> None:
        """variables: what the other execution gets. assign: variables of this one from then on."""
        super().__init__(scope, id_)
        partition = Stack.of(self).partition
        found = "$states.result.StateMachineVersionArn"
        self.first = self._call(
            "AskForVersion",
            f"arn:{partition}:states:::aws-sdk:sfn:describeExecution",
            {"ExecutionArn": f"{{% {_EXECUTION}.Id %}}"},
            Output=f"{{% {found} ? {found} : $states.result.StateMachineArn %}}",
        )
        self.last = self._call(
            "HandOver",
            f"arn:{partition}:states:::states:startExecution",
            {"StateMachineArn": "{% $states.input %}", "Input": {name: f"{{% ${name} %}}" for name in variables}},
            Output={},
            Assign=assign,
        )
        self.first.next(self.last)

    def _call(self, id_: str, resource: str, arguments: dict[str, Any], **fields: Any) -> sfn.CustomState:
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
        state = {"Type": "Task", "Resource": resource, "Arguments": arguments, **fields, "Retry": [retry]}
        return sfn.CustomState(self, id_, state_json={**state, "TimeoutSeconds": ANSWERED_WITHIN})
