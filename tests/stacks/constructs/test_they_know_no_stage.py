"""A construct may be used by another project: it knows neither a stage nor a stack of this one."""

import ast
from pathlib import Path

import pytest

from stacks import synth

CONSTRUCTS = synth.ROOT / "stacks" / "constructs"


@pytest.mark.parametrize("path", sorted(CONSTRUCTS.rglob("*.py")), ids=lambda path: str(path.relative_to(CONSTRUCTS)))
def test_no_construct_knows_a_stage_or_a_stack(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stacks"):
            assert (node.module or "").startswith("stacks.constructs"), f"{path.name} imports {node.module}"
