"""Deletes stacks, and reports what they leave behind."""

from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import WaiterError

from deploy.deployed_stacks import NEVER_COMPLETE, DeployedStack
from deploy.not_ready import NotReady
from deploy.target import Target

#: Seconds between two looks, and how many looks: half an hour. Tables and log groups go in seconds.
DELAY, LOOKS = 3, 600
#: DeleteObjects takes so many keys (Amazon S3 API reference).
AT_ONCE = 1_000
#: They go with the function or the workflow that they are versions of.
VERSIONS = ("AWS::Lambda::Version", "AWS::StepFunctions::StateMachineVersion")


def clear_away(target: Target, stacks: Iterable[DeployedStack], say: Callable[[str], None]) -> None:
    """Delete the stacks of a failed first deployment, which nothing else can be done with; all others stay.

    Such a stack held no data: whatever writes into a table is deployed after the table's stack is complete. The next
    deployment adopts what it leaves behind all the same. Raises NotReady where a stack stays.
    """
    for stack in stacks:
        if stack.status in NEVER_COMPLETE:
            say(f"{stack.name} is {stack.status}: its first deployment failed and it never held anything. It goes")
            delete_stack(target, stack)
            for resource in left_over(target, stack):
                say(f"  left over, and adopted if the stage names it: {resource}")


def delete_stack(target: Target, stack: DeployedStack) -> None:
    """Take the stack's protection off and delete the stack. Raises NotReady where it stays."""
    client = target.session.client("cloudformation", region_name=stack.region)
    if stack.protected:
        client.update_termination_protection(StackName=stack.id, EnableTerminationProtection=False)
    # Named by its id: a stack of the same name that is made meanwhile is another one.
    client.delete_stack(StackName=stack.id)
    try:
        client.get_waiter("stack_delete_complete").wait(
            StackName=stack.id, WaiterConfig={"Delay": DELAY, "MaxAttempts": LOOKS}
        )
    except WaiterError:
        left = ", ".join(left_over(target, stack))
        raise NotReady(f"{stack.name} cannot be deleted ({left}): delete these by hand, then run this again") from None


def empty_buckets(target: Target, stack: DeployedStack) -> None:
    """Delete every object of the stack's buckets, with all versions: CloudFormation deletes empty buckets only."""
    found = target.aws.ask("cloudformation", "list_stack_resources", region=stack.region, StackName=stack.id)
    for resource in found["StackResourceSummaries"]:
        if resource["ResourceType"] != "AWS::S3::Bucket" or not resource.get("PhysicalResourceId"):
            continue
        bucket = resource["PhysicalResourceId"]
        listed = target.aws.ask("s3", "list_object_versions", region=stack.region, Bucket=bucket)
        objects = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for kind in ("Versions", "DeleteMarkers")
            for each in listed.get(kind, ())
        ]
        for first in range(0, len(objects), AT_ONCE):
            some = {"Objects": objects[first : first + AT_ONCE], "Quiet": True}
            target.aws.ask("s3", "delete_objects", region=stack.region, Bucket=bucket, Delete=some)


def left_over(target: Target, stack: DeployedStack) -> Iterator[str]:
    """What a deleted stack has left behind, as ``type name``: its last event on each resource (events stay 90 days)."""
    events = target.aws.ask("cloudformation", "describe_stack_events", region=stack.region, StackName=stack.id)
    seen: set[str] = set()
    # The newest events come first.
    for event in events["StackEvents"]:
        if event["LogicalResourceId"] in seen:
            continue
        seen.add(event["LogicalResourceId"])
        kept = event.get("ResourceStatus") in ("DELETE_SKIPPED", "DELETE_FAILED")
        if kept and event.get("PhysicalResourceId") and event["ResourceType"] not in VERSIONS:
            yield f"{event['ResourceType']} {event['PhysicalResourceId']}"
