"""A stack goes, and what it leaves behind is told."""

from collections.abc import Iterator

from botocore.exceptions import WaiterError

from deploy.not_ready import NotReady
from deploy.stacks_there import StackThere
from deploy.target import Target

#: seconds between two looks, and how many: half an hour, tables and log groups go in seconds
DELAY, LOOKS = 3, 600
#: they go with the function or the workflow that they are versions of
VERSIONS = ("AWS::Lambda::Version", "AWS::StepFunctions::StateMachineVersion")


def delete_stack(target: Target, stack: StackThere) -> None:
    """Take its protection off and delete it. Raises NotReady where it stays."""
    client = target.session.client("cloudformation", region_name=stack.region)
    if stack.protected:
        client.update_termination_protection(StackName=stack.id, EnableTerminationProtection=False)
    # both by its id: a stack of the same name that somebody makes meanwhile is another one
    client.delete_stack(StackName=stack.id)
    try:
        client.get_waiter("stack_delete_complete").wait(
            StackName=stack.id, WaiterConfig={"Delay": DELAY, "MaxAttempts": LOOKS}
        )
    except WaiterError:
        left = ", ".join(left_over(target, stack))
        raise NotReady(f"{stack.name} cannot be deleted ({left}): delete these by hand, then run this again") from None


def left_over(target: Target, stack: StackThere) -> Iterator[str]:
    """What a deleted stack has left behind, as ``type name``: its last word on each resource (events stay 90 days)."""
    client = target.session.client("cloudformation", region_name=stack.region)
    seen: set[str] = set()
    # the newest first
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack.id):
        for event in page["StackEvents"]:
            if event["LogicalResourceId"] in seen:
                continue
            seen.add(event["LogicalResourceId"])
            kept = event.get("ResourceStatus") in ("DELETE_SKIPPED", "DELETE_FAILED")
            if kept and event.get("PhysicalResourceId") and event["ResourceType"] not in VERSIONS:
                yield f"{event['ResourceType']} {event['PhysicalResourceId']}"
