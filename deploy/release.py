"""``make deploy``: deploys a stage to its account, new or again."""

from collections.abc import Callable, Sequence

from deploy.aliases import deployed_version, live_aliases, move
from deploy.assembly import Assembly, synthesize
from deploy.cdk_cli import cdk
from deploy.deletion import clear_away
from deploy.deployed_stacks import DeployedStack, change_set_name, check_states, deployed_stacks
from deploy.target import Target, check_bootstrap

Say = Callable[[str], None]
Synthesize = Callable[[bool], Assembly]

#: The stack of the tables.
DATA = "-Data"
#: The outputs that people need next, with their meaning, by stack.
NEXT = {
    ("Doors", "ApiUrl"): "the API; the listing's fulfilment URL is this + register",
    ("Doors", "AnnouncementsUrl"): "YAWL engines: this + the engine's id, a slash and its secret",
    ("Doors", "UsageQueueUrl"): "usage by queue",
    ("Doors", "UsageQueueArn"): "who sends there needs sqs:SendMessage on it",
    ("Seller", "SellerRoleArn"): "the role that the stage's functions assume",
    ("Metering", "StateMachineAliasArn"): "the hourly workflow, to be started by hand",
}


def release(target: Target, *, approved: bool, more: Sequence[str], say: Say) -> None:
    """Look, synthesize, then deploy. Raises NotReady, wherever possible before it changes anything."""
    check_bootstrap(target)
    before = deployed_stacks(target)
    check_states(before)

    def synthesized(protect: bool) -> Assembly:
        say(f"synthesizing {target.stage.name}" + ("" if protect else " without protection, for its first deployment"))
        return synthesize(target.stage, protect=protect, seller=target.seller)

    deploy_stacks(target, before, synthesized, approved=approved, more=more, say=say)
    _report(target, say)


def deploy_stacks(
    target: Target,
    before: list[DeployedStack],
    synthesized: Synthesize,
    *,
    approved: bool,
    more: Sequence[str],
    say: Say,
) -> None:
    """A stage that keeps its data is first deployed without protection, and then with it.

    Otherwise a first deployment that fails would leave tables and stacks that refuse to be deleted. Once any stack is
    protected, or the tables exist, no deployment goes without protection again: the tables may hold data.
    """

    def run(assembly: Assembly) -> None:
        asked = ["--require-approval", "never"] if approved else []
        cdk(
            *("deploy", "--all", "--app", str(assembly.folder), "--import-existing-resources"),
            *("--change-set-name", change_set_name(target.reached_at)),
            *("--toolkit-stack-name", target.toolkit_stack, *asked, *more),
        )

    complete = {stack.name for stack in before if stack.complete}
    holds_data = any(stack.complete and (stack.protected or stack.name.endswith(DATA)) for stack in before)
    if target.stage.keep_data and not holds_data:
        unprotected = synthesized(False)
        if not unprotected.stacks().keys() <= complete:
            clear_away(target, before, say)
            run(unprotected)
            before = [stack for stack in before if stack.complete]
    assembly = synthesized(True)
    clear_away(target, before, say)
    run(assembly)
    let_deployed_versions_live(target, assembly, say)
    for stack in before:
        if stack.complete and stack.name not in assembly.stacks():
            say(f"{stack.name} is no longer part of the stage; it stays until you delete it, or `make destroy` does")


def let_deployed_versions_live(target: Target, assembly: Assembly, say: Say) -> None:
    """Move every alias to the version of its template.

    CloudFormation sees no difference where a rollback has moved an alias, so it would leave the old version live.
    """
    templates = assembly.stacks()
    stacks = [stack for stack in deployed_stacks(target) if stack.name in templates]
    for alias in live_aliases(target, stacks):
        wanted = deployed_version(target, alias, templates[alias.stack.name])
        if wanted is not None and wanted != alias.live:
            move(target, alias, wanted)
            say(f"{alias.of}: live again is version {wanted.number}, after {alias.live.number}")


def _report(target: Target, say: Say) -> None:
    stacks = {stack.name.rsplit("-", 1)[-1]: stack for stack in deployed_stacks(target)}
    say(f"{target.stage.name} is deployed to account {target.account}, {target.all_regions[0]}")
    for (stack, output), meaning in NEXT.items():
        if stack in stacks and output in stacks[stack].outputs:
            say(f"  {output:<16} {stacks[stack].outputs[output]}  ({meaning})")
