"""Every right of every role of a stage's synthesized templates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.rights.names import HASH, Names
from tests.synthesized import Assembly, as_list


@dataclass(frozen=True, order=True)
class Right:
    """What a role may do. role, on: as ``names.py`` calls them, the same in every stage."""

    role: str
    action: str
    on: str


@dataclass(frozen=True)
class Grant:
    """Where a right stands: its role's logical id, its policy's name, and the places of statement and resource."""

    right: Right
    stack: str
    role_id: str
    policy: str
    statement: int
    resource: int


class Roles:
    """The roles of one assembly."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._names = Names(assembly)

    def rights(self) -> set[Right]:
        """Every right. A policy that AWS keeps counts as one."""
        return {grant.right for grant in self.grants()} | set(self._managed())

    def grants(self) -> Iterator[Grant]:
        """Every right of the policies that the templates have. Fails for one that denies, which nothing could show."""
        for stack, template in self._assembly.templates.items():
            for resource in template["Resources"].values():
                if resource["Type"] == "AWS::IAM::ManagedPolicy":
                    raise ValueError(f"{stack} has a policy of its own that is not inline: nobody lists its rights")
                if resource["Type"] == "AWS::IAM::Policy":
                    yield from self._granted(stack, resource["Properties"])

    def _granted(self, stack: str, policy: Any) -> Iterator[Grant]:
        (role,) = policy["Roles"]
        for number, statement in enumerate(policy["PolicyDocument"]["Statement"]):
            assert statement["Effect"] == "Allow", statement
            for action in as_list(statement["Action"]):
                for place, resource in enumerate(as_list(statement["Resource"])):
                    right = Right(self.called[stack, role["Ref"]], action, self._names.of(stack, resource))
                    yield Grant(right, stack, role["Ref"], policy["PolicyName"], number, place)

    def _managed(self) -> Iterator[Right]:
        for stack, template in self._assembly.templates.items():
            for id_, role in template["Resources"].items():
                if role["Type"] == "AWS::IAM::Role":
                    assert "Policies" not in role["Properties"], f"{id_}: nobody lists the rights of such policies"
                    for arn in role["Properties"].get("ManagedPolicyArns", []):
                        name = str(arn["Fn::Join"][1][-1]).rsplit("/", 1)[-1]
                        yield Right(self.called[stack, id_], f"policy {name}", "what AWS's policy names")

    @cached_property
    def called(self) -> dict[tuple[str, str], str]:
        """Stack and logical id of every role → what the page calls it."""
        return {
            (stack, id_): self._name(stack, id_)
            for stack, template in self._assembly.templates.items()
            for id_, resource in template["Resources"].items()
            if resource["Type"] == "AWS::IAM::Role"
        }

    def _name(self, stack: str, id_: str) -> str:
        taken = {"Fn::GetAtt": [id_, "Arn"]}
        for other, resource in self._assembly.templates[stack]["Resources"].items():
            kind, properties = resource["Type"], resource.get("Properties", {})
            if kind == "AWS::Lambda::Function" and properties["Role"] == taken:
                return f"function {self._names.function(stack, properties)}"
            if kind == "AWS::StepFunctions::StateMachine" and properties["RoleArn"] == taken:
                return self._names.of(stack, {"Ref": other})
            if kind == "AWS::Scheduler::Schedule" and properties["Target"]["RoleArn"] == taken:
                return f"schedules of {self._started(stack, properties['Target']['Arn'])}"
        own = re.sub(HASH, "", id_).removesuffix("Role")
        return f"{own}, in the seller's account" if stack == "Seller" else own

    def _started(self, stack: str, target: Any) -> str:
        resources = self._assembly.templates[stack]["Resources"]
        alias = resources[target["Ref"]]
        if alias["Type"] == "AWS::StepFunctions::StateMachineAlias":
            return "workflow " + re.sub(HASH, "", target["Ref"]).removesuffix("Live")
        return self._names.of(stack, target).removesuffix(", alias live")
