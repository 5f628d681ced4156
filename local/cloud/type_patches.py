"""CloudFormation types that the emulator lacks although it has their services; and state machines by version.

``launcher.py`` loads this inside ``.venv-cloud`` after it has checked the version, because all of it reaches into
internals.
"""

import contextvars
import inspect
import json
from collections.abc import Mapping
from typing import Any


def _answer(response: Any) -> dict[str, Any]:
    """The body of a service's answer. Raises ValueError, as a resource handler does, where the service refuses."""
    status, _, body = response
    content: dict[str, Any] = json.loads(body or b"{}")
    if status >= 400:
        raise ValueError(f"{content.get('__type', status)}: {content.get('message', content.get('Message', ''))}")
    return content


def _as_requested(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A template's properties as the API's parameters, whose names begin with a lowercase letter."""
    return {
        name[:1].lower() + name[1:]: [_as_requested(entry) for entry in value] if isinstance(value, list) else value
        for name, value in properties.items()
    }


def state_machine_versions() -> dict[str, Any]:
    """``AWS::StepFunctions::StateMachineVersion``, of which every changed property publishes another, as on AWS."""
    from ministack.services import stepfunctions

    def create(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
        request = _as_requested(properties)
        request["revisionId"] = request.pop("stateMachineRevisionId", None)
        arn = _answer(stepfunctions._publish_state_machine_version(request))["stateMachineVersionArn"]
        return arn, {"Arn": arn}

    def delete(arn: str, _properties: dict[str, Any]) -> None:
        _answer(stepfunctions._delete_state_machine_version({"stateMachineVersionArn": arn}))

    # Without "update" the engine creates another version, and deletes the old one or, by its policy, keeps it.
    return {"create": create, "delete": delete}


def state_machine_aliases() -> dict[str, Any]:
    """``AWS::StepFunctions::StateMachineAlias`` with a RoutingConfiguration. It refuses a gradual deployment."""
    from ministack.services import stepfunctions

    def routing(properties: dict[str, Any]) -> dict[str, Any]:
        if "DeploymentPreference" in properties:
            raise ValueError("DeploymentPreference: the local cloud has no gradual deployments")
        request = _as_requested(properties)
        request.pop("stateMachineArn", None)
        # The engine passes numbers on as the template has them, and some templates have them as text.
        for entry in request["routingConfiguration"]:
            entry["weight"] = int(entry["weight"])
        return request

    def create(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
        arn = _answer(stepfunctions._create_state_machine_alias(routing(properties)))["stateMachineAliasArn"]
        return arn, {"Arn": arn}

    def update(arn: str, _old: dict[str, Any], new: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
        _answer(stepfunctions._update_state_machine_alias({"stateMachineAliasArn": arn, **routing(new)}))
        return arn, {"Arn": arn}

    def delete(arn: str, _properties: dict[str, Any]) -> None:
        _answer(stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": arn}))

    return {"create": create, "update": update, "delete": delete}


def composite_alarms() -> dict[str, Any]:
    """``AWS::CloudWatch::CompositeAlarm`` without its actions' suppressor, which the emulator does not have."""
    from ministack.services import cloudwatch
    from ministack.services.cloudformation import provisioners

    def put(name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        request = {**properties, "AlarmName": name}
        status, _, body = cloudwatch._put_composite_alarm({}, request, False, True)
        if status >= 400:
            raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
        return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        name = properties.get("AlarmName") or provisioners._physical_name(stack, logical_id, max_len=255)
        return put(name, properties)

    def update(name: str, _old: dict[str, Any], new: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
        return put(name, new)

    def delete(name: str, _properties: dict[str, Any]) -> None:
        cloudwatch._composite_alarms.pop(name, None)

    return {"create": create, "update": update, "delete": delete}


def executions_of_versions() -> None:
    """Makes an execution run the definition of its version, or that of the machine when it was started.

    The emulator finds the machine of a version or an alias and runs the definition that the machine has a moment later.
    Its DescribeExecution does not say either which version an execution runs. Raises RuntimeError if the emulator looks
    the machine up in another way.
    """
    from ministack.services import stepfunctions

    source = inspect.getsource(stepfunctions._run_execution)
    looked_up = '_state_machines.get(execution["stateMachineArn"])'
    if source.count(looked_up) != 1:
        raise RuntimeError("executions do not look their machine up as expected")
    exec(source.replace(looked_up, f'execution.get("startedWith") or {looked_up}'), vars(stepfunctions))  # noqa: S102
    run = stepfunctions._run_execution
    start = stepfunctions._start_execution
    describe = stepfunctions._describe_execution
    # The thread of an execution gets a copy of the context in which it was started.
    requested: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("requested")

    def running(arn: str) -> None:
        stepfunctions._executions[arn].update(requested.get({}))
        run(arn)

    def starting(data: dict[str, Any]) -> Any:
        arn = data.get("stateMachineArn", "")
        version = stepfunctions._execution_version_arn(arn)
        machine = stepfunctions._state_machines.get(stepfunctions._resolve_state_machine_arn(arn))
        of_version = stepfunctions._state_machine_versions.get(version) or {}
        named = {
            "startedWith": machine
            and {**machine, **{key: of_version[key] for key in ("definition", "roleArn") if of_version}},
            "stateMachineVersionArn": version,
            "stateMachineAliasArn": arn if arn in stepfunctions._state_machine_aliases else None,
        }
        token = requested.set(named)
        try:
            answer = start(data)
        finally:
            requested.reset(token)
        if answer[0] < 400:
            stepfunctions._executions[json.loads(answer[2])["executionArn"]].update(named)
        return answer

    def describing(data: dict[str, Any]) -> Any:
        status, headers, body = describe(data)
        if status >= 400:
            return status, headers, body
        execution = stepfunctions._executions[data["executionArn"]]
        named = {key: execution.get(key) for key in ("stateMachineVersionArn", "stateMachineAliasArn")}
        content = {**json.loads(body), **{key: value for key, value in named.items() if value}}
        return stepfunctions.json_response(content)

    stepfunctions._run_execution = running
    stepfunctions._start_execution = starting
    stepfunctions._describe_execution = describing


def unqualified_machines() -> None:
    """Asks IAM for a right to the state machine itself where a call names its version or alias.

    A policy that names an alias gives nothing (Step Functions Developer Guide, "Authorization for versions and
    aliases"). The emulator asks for the ARN in the call, so it would accept such a policy and refuse the right one.
    """
    from ministack.core import iam_actions

    field = iam_actions._safe_json_field

    def asking(body: Any, name: str) -> Any:
        value = field(body, name)
        if name == "stateMachineArn" and isinstance(value, str):
            # arn:partition:states:region:account:stateMachine:name[:qualifier]
            return ":".join(value.split(":")[:7])
        return value

    iam_actions._safe_json_field = asking


def apply() -> None:
    """Installs all patches. Raises RuntimeError where the emulator has a type by itself."""
    from ministack.services.cloudformation import provisioners

    for kind, handlers in {
        "AWS::StepFunctions::StateMachineVersion": state_machine_versions(),
        "AWS::StepFunctions::StateMachineAlias": state_machine_aliases(),
        "AWS::CloudWatch::CompositeAlarm": composite_alarms(),
    }.items():
        if kind in provisioners._RESOURCE_HANDLERS:
            raise RuntimeError(f"the emulator has {kind} by itself: its patch can go")
        provisioners._RESOURCE_HANDLERS[kind] = handlers
    executions_of_versions()
    unqualified_machines()
