"""The stacks of a stage in its account: their states, their resources, and the deployment that changed them last."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from deploy.aws import Aws
from deploy.not_ready import NotReady
from deploy.target import Target

#: CloudFormation, "Stack status codes": a stack has these from its creation only, so it was never complete.
NEVER_COMPLETE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
#: A stack without resources yet; the CDK's command line goes on from it.
ONLY_NAMED = "REVIEW_IN_PROGRESS"
STUCK = {
    "UPDATE_ROLLBACK_FAILED": "see its events for what could not be put back, mend it, then run"
    " `aws cloudformation continue-update-rollback --stack-name {name} --region {region}`",
    "UPDATE_FAILED": "run `aws cloudformation rollback-stack --stack-name {name} --region {region}`",
    "DELETE_FAILED": "its deletion was begun: see its events, and finish it in the console before you deploy again",
}
_CHANGE_SET = re.compile(r"yawl-(\d{8}T\d{6}Z)")
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """One stack. changed_by: the name of its last change set, which says when that deployment began."""

    name: str
    id: str
    region: str
    status: str
    protected: bool
    changed_by: str | None
    outputs: dict[str, str]

    @property
    def complete(self) -> bool:
        """Whether it was complete at least once."""
        return self.status != ONLY_NAMED and self.status not in NEVER_COMPLETE


class Resource(NamedTuple):
    """One resource of a stack; ``name`` is its physical id."""

    region: str
    logical_id: str
    type: str
    name: str


def deployed_stacks(target: Target) -> list[DeployedStack]:
    """The stage's stacks that AWS has, in the order of their names."""
    # The last word of a name is ours and has no hyphen, so no stage finds another's stacks.
    ours = re.compile(rf"YawlMetering-{re.escape(target.stage.name)}-[A-Za-z]+")
    found: list[DeployedStack] = []
    for region in target.all_regions:
        for stack in target.aws.ask("cloudformation", "describe_stacks", region=region)["Stacks"]:
            if ours.fullmatch(stack["StackName"]):
                change_set = stack.get("ChangeSetId", "").split("/")
                found.append(
                    DeployedStack(
                        name=stack["StackName"],
                        id=stack["StackId"],
                        region=region,
                        status=stack["StackStatus"],
                        protected=stack.get("EnableTerminationProtection", False),
                        changed_by=change_set[1] if len(change_set) > 1 else None,
                        outputs={o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
                    )
                )
    return sorted(found, key=lambda stack: stack.name)


def resources_of(aws: Aws, stack: DeployedStack) -> list[Resource]:
    """The stack's resources, without those that were deleted or never made."""
    listed = aws.ask("cloudformation", "list_stack_resources", region=stack.region, StackName=stack.id)
    return [
        Resource(stack.region, entry["LogicalResourceId"], entry["ResourceType"], entry["PhysicalResourceId"])
        for entry in listed["StackResourceSummaries"]
        if entry.get("PhysicalResourceId") and entry["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def check_states(stacks: Iterable[DeployedStack]) -> None:
    """Refuse to go on where a stack is being changed, or is stuck in a change. Raises NotReady."""
    for stack in stacks:
        if stack.status.endswith("_IN_PROGRESS") and stack.status != ONLY_NAMED:
            raise NotReady(f"{stack.name} is {stack.status}: another deployment changes it; run this again afterwards")
        if stack.status in STUCK:
            remedy = STUCK[stack.status].format(name=stack.name, region=stack.region)
            raise NotReady(f"{stack.name} is {stack.status}: {remedy}")


def change_set_name(began: datetime) -> str:
    """The name of all change sets of a deployment that began then."""
    return f"yawl-{began.astimezone(UTC).strftime(_TIME)}"


def last_deployment(stacks: Iterable[DeployedStack]) -> datetime:
    """When the stage's last deployment began; it need not have changed every stack.

    Raises NotReady where another command has changed a stack last.
    """
    began = []
    for stack in stacks:
        ours = _CHANGE_SET.fullmatch(stack.changed_by or "")
        if not ours:
            raise NotReady(
                f"{stack.name} was changed last by another command than `make deploy` (change set {stack.changed_by}):"
                " say which versions to go back to, BEFORE=<the time at which that change began, such as"
                " 2026-11-29T10:05:00Z>"
            )
        began.append(datetime.strptime(ours[1], _TIME).replace(tzinfo=UTC))
    return max(began)
