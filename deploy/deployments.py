"""Which deployment changed a stack last: the name of its change set says when that deployment began."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from deploy.not_ready import NotReady
from deploy.stacks_there import StackThere

_NAME = re.compile(r"yawl-(\d{8}T\d{6}Z)")
_TIME = "%Y%m%dT%H%M%SZ"


def change_set_name(began: datetime) -> str:
    """One name for all stacks of a deployment."""
    return f"yawl-{began.astimezone(UTC).strftime(_TIME)}"


def began(stack: StackThere) -> datetime:
    """When the deployment began that changed this stack last. Raises NotReady where it was not one of ours."""
    ours = _NAME.fullmatch(stack.changed_by or "")
    if not ours:
        raise NotReady(
            f"{stack.name} was changed last by another command than `make deploy` (change set {stack.changed_by}): say"
            " which versions to go back to, BEFORE=<the time at which that change began, such as 2026-11-29T10:05:00Z>"
        )
    return datetime.strptime(ours[1], _TIME).replace(tzinfo=UTC)


def last_deployment(stacks: Iterable[StackThere]) -> datetime:
    """When the last deployment of a stage began; it need not have changed every stack. Raises NotReady."""
    return max(began(stack) for stack in stacks)
