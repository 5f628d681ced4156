"""The client and the local Marketplace as others get them: built as wheels, installed into environments of their own.

uv builds offline, since it brings the build backend along; dependencies come from PyPI in the locked versions.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import children
from stacks.synth import ROOT
from tests.client.conftest import api, ledger  # noqa: F401 (fixtures)
from tests.client.usage_api import ENVIRONMENT, UsageApi

UV = Path(sys.executable).parent / "uv"
#: as a user of the package has it: nothing of this project on the path
ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | ENVIRONMENT


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By the package's folder: the interpreter of an environment that has its wheel, and what that needs."""
    return {
        name: _installed(name, tmp_path_factory.mktemp(name), *also)
        for name, *also in (("client",), ("marketplace-local", "boto3"))
    }


def _installed(name: str, folder: Path, *also: str) -> Path:
    python = folder / "environment" / "bin" / "python"
    _run(UV, "build", "--quiet", "--offline", "--wheel", "--out-dir", folder, ROOT / name)
    _run(UV, "venv", "--quiet", "--python", sys.executable, folder / "environment")
    (wheel,) = folder.glob("*.whl")
    locked = ROOT / "requirements.txt"
    _run(UV, "pip", "install", "--quiet", "--python", python, "--constraint", locked, wheel, *also)
    return python


def _run(*command: object) -> str:
    done = subprocess.run(
        [*map(str, command)], env=ENVIRON, cwd="/", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def marketplace(pythons: dict[str, Path], tmp_path: Path) -> Iterator[str]:
    """The address of the installed command."""
    program = str(pythons["marketplace-local"].with_name("marketplace-local"))
    command = [program, "--port", "0", "--json", "--end-with-stdin"]
    with children.start("the installed Marketplace", command, log=tmp_path / "log", environment=ENVIRON) as child:
        yield child.url(timeout=30)


def test_the_readmes_lines_meter_through_the_endpoint_variable(
    pythons: dict[str, Path], marketplace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "marketplace-local" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    script = tmp_path / "meter.py"
    script.write_text(code.replace("http://127.0.0.1:8090", marketplace), encoding="utf-8")
    monkeypatch.setitem(ENVIRON, "AWS_ENDPOINT_URL_MARKETPLACE_METERING", marketplace)
    assert "'Status': 'Success'" in _run(pythons["marketplace-local"], script)


def test_the_installed_page_has_its_templates_and_rules(pythons: dict[str, Path], marketplace: str) -> None:
    fetch = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
    assert "Break the next call" in _run(pythons["marketplace-local"], "-c", fetch, f"{marketplace}/")
    assert 'id="D01"' in _run(pythons["marketplace-local"], "-c", fetch, f"{marketplace}/rules")


def test_the_marketplace_imports_what_it_declares_and_nothing_of_ours() -> None:
    imported = set()
    for path in (ROOT / "marketplace-local" / "marketplace_local").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])
    project = tomllib.loads((ROOT / "marketplace-local" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {need.partition(">")[0] for need in project["dependencies"]}
    assert imported - sys.stdlib_module_names == declared | {"marketplace_local"}


def test_the_module_starts_it_too(pythons: dict[str, Path]) -> None:
    help_text = _run(pythons["marketplace-local"], "-m", "marketplace_local", "--help")
    assert "--port" in help_text


def test_the_clients_example_records(pythons: dict[str, Path], api: UsageApi, tmp_path: Path) -> None:  # noqa: F811
    _run(pythons["client"], ROOT / "client" / "examples" / "record_usage.py", api.url, tmp_path)
    assert api.counted("api_calls")["l-1"] == 13
