"""``make bootstrap``: makes what the CDK needs in an account and Region before it can deploy there."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.cdk_cli import cdk
from deploy.target import Target


def bootstrap(target: Target, more: Sequence[str], say: Callable[[str], None]) -> None:
    """Bootstrap each Region that a stack of this stage may go to. ``more``: the CLI's own options. Raises NotReady
    where the CLI fails."""
    say(
        f"account {target.account}, {' and '.join(target.all_regions)}: stack {target.toolkit_stack}"
        " (a bucket for assets, and the roles that deploy)"
    )
    environments = [f"aws://{target.account}/{region}" for region in target.all_regions]
    named = ["--qualifier", target.qualifier, "--toolkit-stack-name", target.toolkit_stack]
    # In a folder without cdk.json, since the CLI would otherwise run the app first.
    with tempfile.TemporaryDirectory() as elsewhere:
        cdk("bootstrap", *environments, *named, *more, folder=Path(elsewhere))
    say(f"next: make deploy {target.make_variables}")
