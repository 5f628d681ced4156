"""A first deployment that failed leaves a stack that can only be deleted, and may be protected against just that."""

from collections.abc import Callable, Iterable

from deploy.deletion import delete_stack, left_over
from deploy.stacks_there import NEVER_COMPLETE, StackThere
from deploy.target import Target


def clear_away(target: Target, stacks: Iterable[StackThere], say: Callable[[str], None]) -> None:
    """Delete the stacks that were never complete; all others are left alone. Raises NotReady where one stays.

    Such a stack held nothing: whatever writes into a table is deployed after the table's stack is complete. What it
    leaves behind all the same (retained, or not to be deleted) is told, and adopted by the deployment that follows.
    """
    for stack in stacks:
        if stack.status in NEVER_COMPLETE:
            say(f"{stack.name} is {stack.status}: its first deployment failed and it never held anything. It goes")
            delete_stack(target, stack)
            for resource in left_over(target, stack):
                say(f"  left over, and adopted if the stage names it: {resource}")
