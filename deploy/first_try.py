"""A first deployment that failed leaves a stack that can only be deleted, and may be protected against just that."""

from collections.abc import Callable, Iterable

from botocore.exceptions import WaiterError

from deploy.not_ready import NotReady
from deploy.stacks_there import NEVER_COMPLETE, StackThere, left_over
from deploy.target import Target

#: seconds between two looks, and how many: half an hour, tables and log groups go in seconds
DELAY, LOOKS = 3, 600


def clear_away(target: Target, stacks: Iterable[StackThere], say: Callable[[str], None]) -> None:
    """Delete the stacks that were never complete; all others are left alone. Raises NotReady where one stays.

    Such a stack held nothing: whatever writes into a table is deployed after the table's stack is complete. What it
    leaves behind all the same (retained, or not to be deleted) is told, and adopted by the deployment that follows.
    """
    for stack in stacks:
        if stack.status not in NEVER_COMPLETE:
            continue
        say(f"{stack.name} is {stack.status}: its first deployment failed and it never held anything. It is removed")
        client = target.session.client("cloudformation", region_name=stack.region)
        if stack.protected:
            client.update_termination_protection(StackName=stack.name, EnableTerminationProtection=False)
        # by its id: a stack of the same name that somebody makes meanwhile is another one
        client.delete_stack(StackName=stack.id)
        try:
            client.get_waiter("stack_delete_complete").wait(
                StackName=stack.id, WaiterConfig={"Delay": DELAY, "MaxAttempts": LOOKS}
            )
        except WaiterError:
            left = ", ".join(left_over(target, stack))
            raise NotReady(
                f"{stack.name} cannot be deleted ({left}): delete these by hand, then deploy again"
            ) from None
        for resource in left_over(target, stack):
            say(f"  left over, and adopted if the stage names it: {resource}")
