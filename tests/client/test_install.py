"""The client is a package of its own: it installs without this project, is typed, and needs botocore only."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.synth import ROOT

SOURCE = ROOT / "client"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By uv, which has the build backend in itself, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("installed")
    copy = folder / "source"  # a build leaves traces in its folder
    shutil.copytree(SOURCE, copy)
    target = folder / "site"
    install = ["pip", "install", "--quiet", "--offline", "--no-deps", "--target", str(target)]
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([str(uv), *install, "--python", sys.executable, str(copy)], check=True, timeout=120)
    return target


def test_it_is_complete_and_typed(installed: Path) -> None:
    wanted = {path.name for path in (SOURCE / "yawl_metering").glob("*") if path.is_file()}
    assert {path.name for path in (installed / "yawl_metering").glob("*") if path.is_file()} == wanted
    assert "py.typed" in wanted


def test_it_runs_without_this_project(installed: Path, tmp_path: Path) -> None:
    """In an interpreter that sees botocore's requirements and the package, not the project."""
    program = """
import sys
sys.path.insert(0, sys.argv[1])
import yawl_metering, yawl_metering.drain
assert yawl_metering.__file__.startswith(sys.argv[1])
foreign = {"boto3", "moto", "ledger", "usage", "runtime", "aws_lambda_powertools"} & set(sys.modules)
assert not foreign, foreign
yawl_metering.UsageClient.for_api("app", "http://127.0.0.1:9", sys.argv[2], region="us-east-1").close()
"""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        [sys.executable, "-c", program, str(installed), str(tmp_path)],
        env=environ,
        cwd=tmp_path,
        check=True,
        timeout=60,
    )


def imported() -> Iterator[str]:
    for path in (SOURCE / "yawl_metering").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.module
                yield node.module.split(".")[0]


def test_nothing_of_the_metering_system_needs_it() -> None:
    for room in ("lambda_src", "stacks", "local"):
        for path in (ROOT / room).rglob("*.py"):
            assert "yawl_metering" not in path.read_text(encoding="utf-8"), path


def test_it_needs_botocore_only() -> None:
    assert set(imported()) - sys.stdlib_module_names == {"yawl_metering", "botocore"}
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [need.split(">")[0] for need in project["dependencies"]] == ["botocore"]
