"""The packages as others get them: built as wheels, installed into environments of their own.

uv builds offline, since it brings the build backend along, and that of the agent is locked; dependencies come from PyPI
in the locked versions.
"""

import ast
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from local.cloud import children
from stacks.synth import ROOT
from tests.agent.conftest import Installation
from tests.agent.log_database import LogDatabase
from tests.client.conftest import api, ledger  # noqa: F401 (fixtures)
from tests.client.usage_api import ENVIRONMENT, UsageApi

UV = Path(sys.executable).parent / "uv"
#: as a user of the package has it: nothing of this project on the path
ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | ENVIRONMENT


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By the package's folder: the interpreter of an environment that has its wheel, and what that needs."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("client", "marketplace-local", "agent")}
    client = _wheel("client", folders["client"])
    marketplace = _wheel("marketplace-local", folders["marketplace-local"])
    # Its backend, Hatchling, is among the locked requirements.
    agent = _wheel("agent", folders["agent"], "--no-build-isolation", "--python", sys.executable)
    return {
        "client": _installed(folders["client"], client),
        "marketplace-local": _installed(folders["marketplace-local"], marketplace, "boto3"),
        "agent": _installed(folders["agent"], agent, client),
    }


def _wheel(name: str, folder: Path, *options: str) -> Path:
    _run(UV, "build", "--quiet", "--offline", "--wheel", *options, "--out-dir", folder, ROOT / name)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _installed(folder: Path, *what: object) -> Path:
    python = folder / "environment" / "bin" / "python"
    _run(UV, "venv", "--quiet", "--python", sys.executable, folder / "environment")
    _run(UV, "pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "requirements.txt", *what)
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


def _imported(files: Iterable[Path]) -> set[str]:
    """First parts of what the files import of others, when they run."""
    found = set()
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typing = [
            node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        ]
        skipped = {id(inner) for node in typing for inner in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import) and id(node) not in skipped:
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and id(node) not in skipped:
                found.add(str(node.module).partition(".")[0])
    return found - sys.stdlib_module_names


def _declared(name: str) -> set[str]:
    project = tomllib.loads((ROOT / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {need.partition(">")[0] for need in project["dependencies"]}


def test_the_marketplace_imports_what_it_declares_and_nothing_of_ours() -> None:
    files = (ROOT / "marketplace-local" / "marketplace_local").rglob("*.py")
    assert _imported(files) == _declared("marketplace-local") | {"marketplace_local"}


def test_the_module_starts_it_too(pythons: dict[str, Path]) -> None:
    help_text = _run(pythons["marketplace-local"], "-m", "marketplace_local", "--help")
    assert "--port" in help_text


def test_the_clients_example_records(pythons: dict[str, Path], api: UsageApi, tmp_path: Path) -> None:  # noqa: F811
    _run(pythons["client"], ROOT / "client" / "examples" / "record_usage.py", api.url, tmp_path)
    assert api.counted("api_calls")["l-1"] == 13


# --- the agent --------------------------------------------------------------------------------------------------------


def _site(pythons: dict[str, Path]) -> Path:
    (found,) = pythons["agent"].parent.parent.glob("lib/python*/site-packages")
    return found


def test_the_agent_has_the_project_s_code_in_a_folder_of_its_own(pythons: dict[str, Path]) -> None:
    site = _site(pythons)
    rooms = {path.name for path in (site / "yawl_metering_agent" / "project").iterdir()}
    assert {"yawl", "runtime"} <= rooms
    assert not [room for room in rooms if (site / room).exists()]
    brought = [path for room in rooms for path in (site / "yawl_metering_agent" / "project" / room).rglob("*.py")]
    originals = {path.relative_to(site / "yawl_metering_agent" / "project"): path for path in brought}
    for name, path in originals.items():
        source = next(root / name for root in (ROOT / "lambda_src", ROOT) if (root / name).is_file())
        assert path.read_bytes() == source.read_bytes()


def test_the_agent_imports_what_it_declares(pythons: dict[str, Path]) -> None:
    package = _site(pythons) / "yawl_metering_agent"
    rooms = {path.name for path in (package / "project").iterdir()}
    own = rooms | {"yawl_metering_agent"}
    names = {"yawl_metering": "yawl-metering-client"}
    assert {names.get(each, each) for each in _imported(package.rglob("*.py")) - own} == _declared("agent")


def test_the_installed_agent_bills_an_engine_s_cases(pythons: dict[str, Path], api: UsageApi, tmp_path: Path) -> None:  # noqa: F811
    log = LogDatabase(tmp_path / "engine.sqlite")
    log.specification(1, 1, "Orders")
    log.start("1", int(time.time() * 1000) - 1000)
    machine = Installation(tmp_path, api.url, environment={"DATABASE": log.address})
    program, (_, _, _, *arguments) = pythons["agent"].with_name("yawl-metering-agent"), machine.command("once")
    environment = {**ENVIRON, "DATABASE": log.address}
    done = subprocess.run(
        [str(program), *arguments], env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, "starts=1" in done.stderr) == (0, True), done.stderr
    assert api.counted("workflow_executions")["l-1"] == 1
