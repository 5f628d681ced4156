"""What is taken out of a template because the emulator cannot have it: the only difference to what goes to AWS.

The list is explicit and each entry has its reason; what was taken out is printed by whoever deploys. A type that is
neither supported nor listed fails the deployment by name: it has to be put on this list, or out of the stage `local`.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Template = dict[str, Any]


class PruneFailed(RuntimeError):
    """A resource that has to be deployed refers to one that cannot be."""


@dataclass(frozen=True)
class Pruned:
    """One resource that was left out."""

    logical_id: str
    type: str
    reason: str

    def __str__(self) -> str:
        return f"{self.logical_id} ({self.type}): {self.reason}"


#: types the emulator refuses ("Unrecognized resource types")
UNSUPPORTED = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "no capacity to scale",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "no capacity to scale",
    "AWS::CloudTrail::Trail": "no CloudTrail; the local Marketplace keeps its own log of calls",
    "AWS::CodeDeploy::Application": "no gradual deployments",
    "AWS::CodeDeploy::DeploymentGroup": "no gradual deployments",
    "AWS::IAM::OIDCProvider": "no federation",
    "AWS::Logs::QueryDefinition": "no Logs Insights",
    "AWS::ResourceGroups::Group": "no console to group for",
    "AWS::Synthetics::Canary": "nothing to watch from outside",
    "AWS::WAFv2::WebACLAssociation": "no firewall",
    "AWS::XRay::Group": "no traces",
    "AWS::XRay::SamplingRule": "no traces",
    "AWS::CDK::Metadata": "no version reporting",
}
#: types that only look at others and may go with what they look at
ONLOOKERS = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard", *UNSUPPORTED}


def _reason(resource: dict[str, Any]) -> str | None:
    return UNSUPPORTED.get(resource["Type"])


def _references(node: Any) -> Iterator[str]:
    """Logical ids that a part of a template refers to: Ref, Fn::GetAtt, and ``${...}`` in Fn::Sub."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value.split(".")[0] if isinstance(value, str) else value[0]
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                yield from (part.split("}")[0].split(".")[0] for part in text.split("${")[1:])
            if key != "Ref":
                yield from _references(value)


def _imports(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _imports(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Fn::ImportValue" and isinstance(value, str):
                yield value
            if key == "Fn::GetStackOutput":
                yield value["OutputName"]
            yield from _imports(value)


def prune(template: Template, lost_exports: set[str]) -> tuple[Template, list[Pruned]]:
    """The template without what the emulator cannot have, and what was left out.

    ``lost_exports`` collects the exports and outputs that went with it, from stack to stack. Raises PruneFailed if
    something that matters refers to a resource or an export that is gone.
    """
    template = copy.deepcopy(template)
    resources: dict[str, Any] = template.get("Resources", {})
    gone: dict[str, Pruned] = {}
    changed = True
    while changed:
        changed = False
        for name in [name for name in resources if name not in gone]:
            resource = resources[name]
            reason = _reason(resource)
            if reason is None:
                content = resource.get("Properties", {})
                lost = sorted((set(_references(content)) & gone.keys()) | (set(_imports(content)) & lost_exports))
                if lost:
                    if resource["Type"] not in ONLOOKERS:
                        raise PruneFailed(f"{name} ({resource['Type']}) refers to {', '.join(lost)}, left out here")
                    reason = f"refers to {', '.join(lost)}"
            if reason is not None:
                gone[name] = Pruned(name, resource["Type"], reason)
                changed = True
    for name in gone:
        del resources[name]
    for resource in resources.values():
        after = resource.get("DependsOn")
        if after is not None:
            kept = [name for name in ([after] if isinstance(after, str) else after) if name not in gone]
            resource["DependsOn"] = kept
            if not kept:
                del resource["DependsOn"]
    for name, output in list(template.get("Outputs", {}).items()):
        if set(_references(output.get("Value"))) & gone.keys():
            exported = output.get("Export", {}).get("Name")
            lost_exports.update({name, exported} if isinstance(exported, str) else {name})
            del template["Outputs"][name]
    return template, list(gone.values())
