"""A comment or docstring that names a module, a class or a function names one that exists."""

import ast
import importlib
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks import synth

#: Packages of ours whose dotted names are looked up.
OURS = ("buyer", "usage", "metering", "ledger", "marketplace", "runtime", "stacks", "constructs")
#: Names of AWS that look like ours: Marketplace Metering's host.
OF_OTHERS = {"metering.marketplace"}
NAME = re.compile(rf"(?<![\w./@-])(?:{'|'.join(OURS)})(?:\.[A-Za-z_]\w*)+(?![\w/-])")
FOLDERS = ("lambda_src", "stacks", "bench")
FILES = sorted(path for folder in FOLDERS for path in (synth.ROOT / folder).rglob("*.py"))


def prose(path: Path) -> Iterator[str]:
    """Comments and docstrings of a file."""
    source = path.read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    yield from (token.string for token in tokens if token.type == tokenize.COMMENT)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def exists(name: str) -> bool:
    """Whether a dotted name is a module of ours, or something in one. A short name begins below ``stacks`` or the room
    ``metering``."""
    return any(_resolves(f"{prefix}{name}") for prefix in ("", "stacks.", "metering."))


def _resolves(name: str) -> bool:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for rest in parts[length:]:
            if not hasattr(found, rest):
                return False
            found = getattr(found, rest)
        return True
    return False


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(synth.ROOT)))
def test_it_names_what_exists(path: Path) -> None:
    named = {name for text in prose(path) for name in NAME.findall(text)} - OF_OTHERS
    assert not [name for name in sorted(named) if not exists(name)], f"{path}: correct the names"
