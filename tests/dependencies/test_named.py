"""What the folder imports of others is named in requirements.in, and not there by the grace of another package."""

import ast
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_every_package_that_is_imported_is_named() -> None:
    modules = set().union(*map(imported, (PROJECT / "dependencies").glob("*.py")))
    others = {name for name in modules - sys.stdlib_module_names if not (PROJECT / name).exists()}
    assert "packaging" in others
    text = (PROJECT / "requirements.in").read_text(encoding="utf-8")
    named = {re.split(r"[=\[ ]", line)[0].replace("-", "_") for line in text.splitlines() if line[:1] not in "#-"}
    assert others <= named
