"""Which published version of each function and workflow is live: the alias ``live`` says it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.deletion import VERSIONS
from deploy.stacks_there import StackThere
from deploy.target import Target

NAME = "live"
FUNCTION_ALIAS = "AWS::Lambda::Alias"
WORKFLOW_ALIAS = "AWS::StepFunctions::StateMachineAlias"


@dataclass(frozen=True)
class Version:
    """One published version; ``id`` is a number for functions, an ARN for workflows."""

    id: str
    published: datetime

    @property
    def number(self) -> int:
        return int(self.id.rsplit(":", 1)[-1])


@dataclass(frozen=True, kw_only=True)
class Alias:
    """An alias of a deployed stack; versions are the newest first."""

    stack: StackThere
    logical_id: str
    type: str
    arn: str
    live: Version
    versions: tuple[Version, ...]

    @property
    def of(self) -> str:
        """The function's or the workflow's name."""
        return self.arn.split(":")[-2]

    def before(self, moment: datetime) -> Version | None:
        """The version to go back to: the newest of before, if what is live was published then or later.

        None if what is live is older, or if there is none before it.
        """
        if self.live.published < moment:
            return None
        return next((version for version in self.versions if version.published < moment), None)


def live_aliases(target: Target, stacks: Iterable[StackThere]) -> Iterator[Alias]:
    """Of all complete stacks."""
    for stack in (stack for stack in stacks if stack.complete):
        for logical_id, (kind, physical) in _resources(target, stack).items():
            if kind in (FUNCTION_ALIAS, WORKFLOW_ALIAS) and physical.endswith(f":{NAME}"):
                read = _function_alias if kind == FUNCTION_ALIAS else _workflow_alias
                live, versions = read(target, stack.region, physical)
                yield Alias(stack=stack, logical_id=logical_id, type=kind, arn=physical, live=live, versions=versions)


def move(target: Target, alias: Alias, to: Version) -> None:
    """From now on calls of the alias go to that version; what runs already ends on its own."""
    if alias.type == FUNCTION_ALIAS:
        functions = target.session.client("lambda", region_name=alias.stack.region)
        functions.update_alias(FunctionName=alias.of, Name=NAME, FunctionVersion=to.id)
    else:
        workflows = target.session.client("stepfunctions", region_name=alias.stack.region)
        route = [{"stateMachineVersionArn": to.id, "weight": 100}]
        workflows.update_state_machine_alias(stateMachineAliasArn=alias.arn, routingConfiguration=route)  # type: ignore[arg-type]


def deployed_version(target: Target, alias: Alias, template: Mapping[str, Any]) -> Version | None:
    """The version that the deployed template gives the alias; None where it names none of the stack's own."""
    resources = template["Resources"]
    there = _resources(target, alias.stack)
    for name in _referenced(resources.get(alias.logical_id, {}).get("Properties", {})):
        if resources.get(name, {}).get("Type") in VERSIONS and name in there:
            physical = there[name][1]
            wanted = physical.rsplit(":", 1)[-1] if alias.type == FUNCTION_ALIAS else physical
            return next((version for version in alias.versions if version.id == wanted), None)
    return None


def _resources(target: Target, stack: StackThere) -> dict[str, tuple[str, str]]:
    """Type and physical id by logical id."""
    client = target.session.client("cloudformation", region_name=stack.region)
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack.id)
    return {
        resource["LogicalResourceId"]: (resource["ResourceType"], resource.get("PhysicalResourceId", ""))
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


def _function_alias(target: Target, region: str, arn: str) -> tuple[Version, tuple[Version, ...]]:
    functions = target.session.client("lambda", region_name=region)
    name = arn.split(":")[-2]
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    versions = [
        # 2026-11-29T10:05:01.123+0000
        Version(entry["Version"], datetime.strptime(entry["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z"))
        for page in pages
        for entry in page["Versions"]
        if entry["Version"] != "$LATEST"
    ]
    return _of(functions.get_alias(FunctionName=name, Name=NAME)["FunctionVersion"], versions)


def _workflow_alias(target: Target, region: str, arn: str) -> tuple[Version, tuple[Version, ...]]:
    workflows = target.session.client("stepfunctions", region_name=region)
    machine, versions = arn.removesuffix(f":{NAME}"), list[Version]()
    token: dict[str, str] = {}
    while True:
        page = workflows.list_state_machine_versions(stateMachineArn=machine, **token)  # type: ignore[arg-type]
        versions += [
            Version(entry["stateMachineVersionArn"], entry["creationDate"]) for entry in page["stateMachineVersions"]
        ]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    described = workflows.describe_state_machine_alias(stateMachineAliasArn=arn)
    heaviest = max(described["routingConfiguration"], key=lambda route: route["weight"])
    return _of(heaviest["stateMachineVersionArn"], versions)


def _of(live: str, versions: list[Version]) -> tuple[Version, tuple[Version, ...]]:
    ordered = tuple(sorted(versions, key=lambda version: version.number, reverse=True))
    return next(version for version in ordered if version.id == live), ordered


def _referenced(node: Any) -> Iterator[str]:
    """Logical ids in ``Ref`` and ``Fn::GetAtt``."""
    if isinstance(node, list):
        for item in node:
            yield from _referenced(item)
    elif isinstance(node, Mapping):
        if isinstance(node.get("Ref"), str):
            yield node["Ref"]
        if isinstance(node.get("Fn::GetAtt"), list):
            yield node["Fn::GetAtt"][0]
        for item in node.values():
            yield from _referenced(item)
