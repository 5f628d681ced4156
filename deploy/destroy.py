"""``make destroy``: removes a stage that does not keep its data, with everything in it."""

from collections.abc import Callable

from deploy.assembly import Assembly, folder_of, synthesize
from deploy.cdk_cli import cdk
from deploy.deletion import delete_stack, empty_buckets, left_over
from deploy.deployed_stacks import check_states, deployed_stacks
from deploy.not_ready import NotReady
from deploy.target import Target


def destroy(target: Target, *, agreed: Callable[[], bool], say: Callable[[str], None]) -> None:
    """Remove a stage's stacks, with all that they store, once ``agreed`` returns true.

    Raises NotReady where nothing may be removed, above all for a stage that keeps its data.
    """
    stage = target.stage
    if stage.keep_data:
        raise NotReady(
            f'stages/{stage.name}.toml: removalPolicy is "retain": this stage keeps its ledger; how it is removed all'
            " the same stands in docs/deploy.md, Removal"
        )
    stacks = deployed_stacks(target)
    if not stacks:
        say(f"{stage.name} is not deployed in account {target.account}: there is nothing to remove")
        return
    check_states(stacks)
    assembly = Assembly(folder_of(stage.name, seller=target.seller))
    if not (assembly.folder / "manifest.json").exists():
        assembly = synthesize(stage, seller=target.seller)
    templates = assembly.stacks()
    for stack in stacks:
        if stack.protected and stack.name in templates:
            raise NotReady(
                f"{stack.name} is still protected, as it kept its data: run `make deploy {target.make_variables}`"
            )
    say(f"account {target.account}: {', '.join(stack.name for stack in stacks)}, with all that is stored in them")
    if not agreed():
        raise NotReady("nothing was removed: say yes, or set YES=1")
    for stack in stacks:
        empty_buckets(target, stack)
    cdk("destroy", "--all", "--force", "--app", str(assembly.folder))
    for stack in stacks:
        if stack.name not in templates:
            delete_stack(target, stack)
        for resource in left_over(target, stack):
            say(f"  left over: {resource}")
    say(f"{stage.name} is removed; the bootstrap stack {target.toolkit_stack} stays for others")
