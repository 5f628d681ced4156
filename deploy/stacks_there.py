"""The stacks of a stage that an account has, and what their states mean for whoever wants to deploy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.not_ready import NotReady
from deploy.target import Target

#: CloudFormation, "Stack status codes": a stack comes into these from its creation only, so it was never complete
NEVER_COMPLETE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
#: a stack of which nothing was made yet; the CDK's command line goes on from it
ONLY_NAMED = "REVIEW_IN_PROGRESS"
STUCK = {
    "UPDATE_ROLLBACK_FAILED": "see its events for what could not be put back, mend it, then run"
    " `aws cloudformation continue-update-rollback --stack-name {name} --region {region}`",
    "UPDATE_FAILED": "run `aws cloudformation rollback-stack --stack-name {name} --region {region}`",
    "DELETE_FAILED": "its deletion was begun: see its events, and finish it in the console before you deploy again",
}


@dataclass(frozen=True, kw_only=True)
class StackThere:
    """One stack. changed_by: the name of the change set that was executed last, where there was one."""

    name: str
    id: str
    region: str
    status: str
    protected: bool
    changed_by: str | None
    outputs: dict[str, str]

    @property
    def complete(self) -> bool:
        """It was whole at least once."""
        return self.status != ONLY_NAMED and self.status not in NEVER_COMPLETE


def stacks_there(target: Target) -> list[StackThere]:
    """In the order of their names. The last word of a name is ours and has no hyphen: no stage takes another's."""
    ours = re.compile(rf"YawlMetering-{re.escape(target.stage.name)}-[A-Za-z]+")
    found: list[StackThere] = []
    for region in target.all_regions:
        pages = target.session.client("cloudformation", region_name=region).get_paginator("describe_stacks").paginate()
        for stack in (stack for page in pages for stack in page["Stacks"] if ours.fullmatch(stack["StackName"])):
            change_set = stack.get("ChangeSetId", "").split("/")
            found.append(
                StackThere(
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


def check_states(stacks: Iterable[StackThere]) -> None:
    """Raises NotReady where a stack is being changed, or is stuck in a change."""
    for stack in stacks:
        if stack.status.endswith("_IN_PROGRESS") and stack.status != ONLY_NAMED:
            raise NotReady(f"{stack.name} is {stack.status}: somebody is at it; run this again when it has ended")
        if stack.status in STUCK:
            remedy = STUCK[stack.status].format(name=stack.name, region=stack.region)
            raise NotReady(f"{stack.name} is {stack.status}: {remedy}")
