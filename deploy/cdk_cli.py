"""The CDK's command line in the version of package-lock.json, on the pinned Node, whatever the machine has.

``python -m deploy.cdk_cli`` installs it; make does so.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.not_ready import NotReady
from stacks.node import npm, pinned_node

ROOT = Path(__file__).resolve().parent.parent
CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
#: The CLI calls AWS alone.
QUIET = {"CDK_DISABLE_CLI_TELEMETRY": "true"}


def install() -> int:
    """Install exactly what the lock file names (``npm ci``); returns npm's exit code."""
    return subprocess.run([*npm(), "ci", "--silent"], cwd=ROOT).returncode  # noqa: S603


def cdk(*arguments: str, folder: Path = ROOT, environment: Mapping[str, str] = os.environ) -> None:
    """Run one command of the CLI on the caller's terminal. Raises NotReady if it fails."""
    if not CLI.exists():
        raise NotReady("the CDK's command line is not installed: run the make target, or `make cdk`")
    command = [str(pinned_node()), str(CLI), "--no-notices", *arguments]
    done = subprocess.run(command, cwd=folder, env={**QUIET, **environment})  # noqa: S603
    if done.returncode:
        raise NotReady(f"cdk {arguments[0]} failed (its reason stands above): docs/deploy.md has the usual ones")


if __name__ == "__main__":
    sys.exit(install())
