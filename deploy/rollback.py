"""``make rollback``: makes the code of before the last deployment live again, at once, and changes nothing else."""

from collections.abc import Callable
from datetime import datetime

from deploy.aliases import live_aliases, move
from deploy.deployed_stacks import check_states, deployed_stacks, last_deployment
from deploy.not_ready import NotReady
from deploy.target import Target


def roll_back(
    target: Target, *, before: datetime | None, agreed: Callable[[], bool], say: Callable[[str], None]
) -> None:
    """Move every alias whose live version the last deployment published to the newest version before it.

    before: a moment instead of the last deployment's beginning. Functions that the deployment did not change stay as
    they are, so that all run what they ran together. Raises NotReady.
    """
    stacks = [stack for stack in deployed_stacks(target) if stack.complete]
    if not stacks:
        raise NotReady(f"{target.stage.name} is not deployed in account {target.account}: nothing can be rolled back")
    check_states(stacks)
    moment = before or last_deployment(stacks)
    planned = [
        (alias, version) for alias in live_aliases(target, stacks) if (version := alias.before(moment)) is not None
    ]
    if not planned:
        say(f"nothing to move: no live version with one before it was published since {moment:%Y-%m-%d %H:%M:%S} UTC")
        return
    say(f"back to what was live before {moment:%Y-%m-%d %H:%M:%S} UTC:")
    for alias, version in planned:
        say(f"  {alias.of}: {alias.live.number} → {version.number} (of {version.published:%Y-%m-%d %H:%M} UTC)")
    if not agreed():
        raise NotReady("nothing was moved: say yes, or set YES=1")
    for alias, version in planned:
        move(target, alias, version)
    say(
        f"moved {len(planned)}. Tables, queues, rights and alarms are as deployed. Forward again:"
        f" make deploy STAGE={target.stage.name}, with the code mended or as it is"
    )
