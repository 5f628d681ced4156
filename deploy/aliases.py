"""Which published version of each function and workflow is live: the alias ``live`` names it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.aws import Aws
from deploy.deletion import VERSIONS
from deploy.deployed_stacks import DeployedStack, resources_of
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
        """The version's number, of a function or of a workflow."""
        return int(self.id.rsplit(":", 1)[-1])


@dataclass(frozen=True, kw_only=True)
class Alias:
    """An alias of a deployed stack; its versions are the newest first."""

    stack: DeployedStack
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
        """The version to go back to: the newest before the moment, if the live one was published at or after it.

        None if the live one is older, or if there is none before it.
        """
        if self.live.published < moment:
            return None
        return next((version for version in self.versions if version.published < moment), None)


def live_aliases(target: Target, stacks: Iterable[DeployedStack]) -> Iterator[Alias]:
    """The aliases of all complete stacks."""
    for stack in (stack for stack in stacks if stack.complete):
        for _, logical_id, kind, arn in resources_of(target.aws, stack):
            if kind in (FUNCTION_ALIAS, WORKFLOW_ALIAS) and arn.endswith(f":{NAME}"):
                read = _function_versions if kind == FUNCTION_ALIAS else _workflow_versions
                live, found = read(target.aws, stack.region, arn)
                versions = tuple(sorted(found, key=lambda version: version.number, reverse=True))
                (current,) = [version for version in versions if version.id == live]
                yield Alias(stack=stack, logical_id=logical_id, type=kind, arn=arn, live=current, versions=versions)


def move(target: Target, alias: Alias, to: Version) -> None:
    """Route calls of the alias to that version; what runs already ends on its own."""
    region = alias.stack.region
    if alias.type == FUNCTION_ALIAS:
        target.aws.ask("lambda", "update_alias", region=region, FunctionName=alias.of, Name=NAME, FunctionVersion=to.id)
    else:
        route = [{"stateMachineVersionArn": to.id, "weight": 100}]
        target.aws.ask(
            "stepfunctions",
            "update_state_machine_alias",
            region=region,
            stateMachineAliasArn=alias.arn,
            routingConfiguration=route,
        )


def deployed_version(target: Target, alias: Alias, template: Mapping[str, Any]) -> Version | None:
    """The version that the deployed template gives the alias; None where it names none of the stack's own."""
    resources = template["Resources"]
    names = {resource.logical_id: resource.name for resource in resources_of(target.aws, alias.stack)}
    for name in _referenced(resources.get(alias.logical_id, {}).get("Properties", {})):
        if resources.get(name, {}).get("Type") in VERSIONS and name in names:
            wanted = names[name].rsplit(":", 1)[-1] if alias.type == FUNCTION_ALIAS else names[name]
            return next((version for version in alias.versions if version.id == wanted), None)
    return None


def _function_versions(aws: Aws, region: str, arn: str) -> tuple[str, list[Version]]:
    """The live version's id, and all versions."""
    name = arn.split(":")[-2]
    listed = aws.ask("lambda", "list_versions_by_function", region=region, FunctionName=name)["Versions"]
    versions = [
        # 2026-11-29T10:05:01.123+0000
        Version(entry["Version"], datetime.strptime(entry["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z"))
        for entry in listed
        if entry["Version"] != "$LATEST"
    ]
    return aws.ask("lambda", "get_alias", region=region, FunctionName=name, Name=NAME)["FunctionVersion"], versions


def _workflow_versions(aws: Aws, region: str, arn: str) -> tuple[str, list[Version]]:
    """The live version's id, and all versions."""
    machine, versions = arn.removesuffix(f":{NAME}"), list[Version]()
    token: dict[str, str] = {}
    # boto3 has no paginator for this operation.
    while True:
        page = aws.ask("stepfunctions", "list_state_machine_versions", region=region, stateMachineArn=machine, **token)
        versions += [
            Version(entry["stateMachineVersionArn"], entry["creationDate"]) for entry in page["stateMachineVersions"]
        ]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    described = aws.ask("stepfunctions", "describe_state_machine_alias", region=region, stateMachineAliasArn=arn)
    heaviest = max(described["routingConfiguration"], key=lambda route: route["weight"])
    return heaviest["stateMachineVersionArn"], versions


def _referenced(node: Any) -> Iterator[str]:
    """The logical ids in ``Ref`` and ``Fn::GetAtt``."""
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
