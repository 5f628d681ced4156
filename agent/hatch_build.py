"""Takes the project's code that the agent imports into its wheel: each file of a room that an import leads to.

So the repository holds no second copy, and no list has to follow the rooms. Files that make a folder a package are left
out, because a folder without one can be imported from, too, and the one of ``stacks`` starts Node.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
#: Where the project's rooms stand, and the folder of the wheel that has them.
ROOTS, FOLDER = (HERE.parent / "lambda_src", HERE.parent), "yawl_metering_agent/project"
ROOMS = {path.parent.name for path in ROOTS[0].glob("*/__init__.py")} | {"stacks"}


def project_files() -> dict[str, Path]:
    """The files by their path in the wheel's folder."""
    found: dict[str, Path] = {}
    waiting = [*HERE.glob("yawl_metering_agent/*.py")]
    while waiting:
        for module in _imported(waiting.pop()):
            name = f"{module.replace('.', '/')}.py"
            path = next((root / name for root in ROOTS if (root / name).is_file()), None)
            if path is not None and name not in found:
                found[name] = path
                waiting.append(path)
    return found


def _imported(path: Path) -> Iterator[str]:
    """Modules of rooms that a file may import: of ``from a import b`` both ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{name}" for name in names)]
        yield from (name for name in names if name.partition(".")[0] in ROOMS)


class ProjectFiles(BuildHookInterface[Any]):
    """Hatch calls it before it builds the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to the wheel."""
        for name, path in project_files().items():
            build_data["force_include"][str(path)] = f"{FOLDER}/{name}"
