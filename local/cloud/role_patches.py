"""Asks the roles that AWS's services take; ``launcher.py`` loads this as it does the other patches.

The emulator asks the policies of whoever calls it. What its own services do in a role's name (a state of a workflow, a
schedule, the poller of an event source mapping) it does without asking, so that a role without the right would pass
unnoticed. Each function here names the source of the rights that AWS's service needs.
"""

import contextvars
from typing import Any

#: The role of the execution whose task runs.
_role_of_execution: contextvars.ContextVar[str] = contextvars.ContextVar("role_of_execution", default="")

#: Managed policies AWSLambdaSQSQueueExecutionRole and AWSLambdaDynamoDBExecutionRole.
OF_A_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
OF_A_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")


def asks_role(role: str, action: str, resource: str, service: str) -> bool:
    """Whether the role (ARN) allows a service of AWS what it does now; ``rights_recorder.py`` writes it down."""
    from ministack.core import iam_evaluator

    return bool(iam_evaluator.evaluate(*_asked(role, action, resource, service)).decision == "Allow")


def role_would_allow(role: str, action: str, resource: str, service: str) -> bool:
    """The same of what the service will do later."""
    from ministack.core import iam_evaluator

    return bool(iam_evaluator.evaluate(*_asked(role, action, resource, service)).decision == "Allow")


def _asked(role: str, action: str, resource: str, service: str) -> tuple[Any, ...]:
    from ministack.core import iam_evaluator
    from ministack.core.responses import get_region
    from ministack.services import iam

    account, name = role.split(":")[4], role.rsplit("/", 1)[-1]
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/{service}",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
    )
    limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
    return context, iam_evaluator._gather_role_policies(name, account), *limits


def workflows_ask() -> None:
    """Lets a state call what its machine's role allows; otherwise it fails with ``States.Permissions`` (Amazon States
    Language, "Predefined error codes").

    A version or an alias of a machine is started by the right on the machine (Step Functions Developer Guide,
    "Authorization for versions and aliases").
    """
    from ministack.services import stepfunctions

    execute, invoke = stepfunctions._execute_task, stepfunctions._invoke_resource

    def executing(state: Any, given: Any, execution: Any, context: Any) -> Any:
        machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
        before = _role_of_execution.set(machine.get("roleArn", ""))
        try:
            return execute(state, given, execution, context)
        finally:
            _role_of_execution.reset(before)

    def invoking(resource: str, given: Any) -> Any:
        role, needed = _role_of_execution.get(), _needed_by_task(resource, given)
        if role and needed and not asks_role(role, *needed, "states"):
            action, on = needed
            raise stepfunctions._ExecutionError("States.Permissions", f"{role} may not {action} on {on}")
        return invoke(resource, given)

    stepfunctions._execute_task, stepfunctions._invoke_resource = executing, invoking


def _needed_by_task(resource: str, given: Any) -> tuple[str, str] | None:
    """Action and ARN that a task's call needs. Raises RuntimeError for a call that nobody has looked up here."""
    if resource.split(":")[2] == "lambda":
        return "lambda:InvokeFunction", resource
    service = resource.split(":states:::")[-1]
    if service == "lambda:invoke":
        return "lambda:InvokeFunction", str(given["FunctionName"])
    if service == "states:startExecution":
        return "states:StartExecution", ":".join(str(given["StateMachineArn"]).split(":")[:7])
    if service == "aws-sdk:sfn:describeExecution":
        return "states:DescribeExecution", str(given["ExecutionArn"])
    raise RuntimeError(f"which right does a task need for {resource}?")


def schedules_ask() -> None:
    """Lets a schedule call what its role allows (EventBridge Scheduler User Guide, "Setting up the execution role").

    As on AWS, where the right is missing the target is not called; the emulator has no dead letters of schedules.
    """
    from ministack.services import eventbridge

    invoke = eventbridge._invoke_target

    def invoking(target: dict[str, Any], event: Any, rule: dict[str, Any], *more: Any) -> Any:
        arn, role = str(target.get("Arn", "")), str(target.get("RoleArn", ""))
        if role and str(rule.get("Arn", "")).split(":")[2:3] == ["scheduler"]:
            of_a_machine = arn.split(":")[2] == "states"
            needed = ("states:StartExecution", ":".join(arn.split(":")[:7])) if of_a_machine else ("", arn)
            if not asks_role(role, needed[0] or "lambda:InvokeFunction", needed[1], "scheduler"):
                return None
        return invoke(target, event, rule, *more)

    eventbridge._invoke_target = invoking


def event_sources_ask() -> None:
    """Lets an event source mapping be made, and poll, with what its function's role allows.

    Lambda makes no mapping for a role without the rights (CreateEventSourceMapping,
    ``InvalidParameterValueException``: "The provided execution role does not have permissions to call ReceiveMessage on
    SQS", "Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams
    Actions").
    """
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create, run, filtered = handlers["create"], lambda_svc._run_sqs_batch, lambda_svc._apply_filter_criteria

    def creating(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        function, *_ = provisioners._lambda_function_for_cfn_ref(props["FunctionName"])
        role, source = function["config"]["Role"], props["EventSourceArn"]
        missing = [action for action in _needed(source) if not role_would_allow(role, action, source, "lambda")]
        if missing:
            raise ValueError(f"The provided execution role does not have permissions to call {', '.join(missing)}")
        return create(logical_id, props, stack_name)

    def running(mapping: Any, *rest: Any) -> Any:
        _refuse(mapping)
        return run(mapping, *rest)

    def filtering(records: Any, mapping: Any) -> Any:
        found = filtered(records, mapping)
        if found and ":dynamodb:" in mapping["EventSourceArn"]:
            _refuse(mapping)
        return found

    handlers["create"] = creating
    lambda_svc._run_sqs_batch, lambda_svc._apply_filter_criteria = running, filtering


def _needed(source: str) -> tuple[str, ...]:
    return OF_A_QUEUE if source.split(":")[2] == "sqs" else OF_A_STREAM


def _refuse(mapping: Any) -> None:
    """Raises PermissionError if the role may not poll any more. A queue's messages then come again."""
    from ministack.services import lambda_svc

    name, source = mapping["FunctionName"], mapping["EventSourceArn"]
    role = lambda_svc._functions[name]["config"]["Role"]
    missing = [action for action in _needed(source) if not asks_role(role, action, source, "lambda")]
    if missing:
        raise PermissionError(f"{name} may not {', '.join(missing)} on {source}")


def apply() -> None:
    """Installs all patches."""
    workflows_ask()
    schedules_ask()
    event_sources_ask()
