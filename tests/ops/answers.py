"""AWS's answers to what commands ask besides DynamoDB."""

from typing import Any

from botocore.exceptions import ClientError

#: Who a test's commands are run by.
CALLER = "arn:aws:sts::111122223333:assumed-role/yawl-metering-operator-read-local/ana"


class AnswersOfAws:
    """Answers by (service, operation); a callable gets the request. What is not there is an error of the test."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {
            ("sts", "get_caller_identity"): {"Arn": CALLER, "Account": "111122223333"}
        }
        self.outputs: dict[str, dict[str, str]] = {}
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def ask(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        self.asked.append((service, operation, request))
        if (service, operation) == ("cloudformation", "describe_stacks"):
            return self._stack(request["StackName"])
        answer = self.answers[service, operation]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer(**request) if callable(answer) else answer)

    def _stack(self, name: str) -> dict[str, Any]:
        outputs = self.outputs.get(name.rsplit("-", 1)[-1])
        if outputs is None:
            fault: Any = {"Error": {"Code": "ValidationError", "Message": f"Stack with id {name} does not exist"}}
            raise ClientError(fault, "DescribeStacks")
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}
