"""The agent as a process, beside the usage API and an engine's tables."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.yawl_engine import Specification, StandInEngine
from tests.agent.log_database import LogDatabase
from tests.client.conftest import api, ledger  # noqa: F401 (fixtures)
from tests.client.usage_api import ENVIRONMENT, UsageApi

#: The door's dimensions that an engine's cases have.
ENGINE = """
[[engines]]
id = "eng-7"
since = "2026-11-01T00:00:00Z"
customer = "l-1"
dimensions = { executions = "workflow_executions", worklets = "worklet_invocations" }
reader = "sql"
databaseVariable = "DATABASE"
"""


@dataclass
class Installation:
    """A machine with the agent's file, its directory, and the variables that the file names."""

    root: Path
    api_url: str
    engines: str = ENGINE
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        return self.root / "state"

    def command(self, *arguments: str) -> list[str]:
        config = self.root / "agent.toml"
        head = f'stateDirectory = "{self.directory}"\n[send]\napiUrl = "{self.api_url}"\nregion = "us-east-1"\n'
        config.write_text(head + self.engines, encoding="utf-8")
        return [sys.executable, "-m", "yawl_metering_agent", arguments[0], "--config", str(config), *arguments[1:]]

    @property
    def variables(self) -> dict[str, str]:
        return {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path), **self.environment}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = self.command(*arguments)
        return subprocess.run(
            command, env=self.variables, capture_output=True, text=True, timeout=120, check=False, cwd="/"
        )

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*arguments), env=self.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


@pytest.fixture
def log(tmp_path: Path) -> LogDatabase:
    """An engine's tables with one specification, launched by admin, by a service and by the worklet service."""
    database = LogDatabase(tmp_path / "engine.sqlite")
    database.specification(1, 1, "Orders")
    for key, name in ((1, "admin"), (2, "workletService"), (3, "shop")):
        database.service(key, name)
    return database


@pytest.fixture
def agent(tmp_path: Path, log: LogDatabase, api: UsageApi) -> Installation:  # noqa: F811
    return Installation(tmp_path, api.url, environment={"DATABASE": log.address})


@pytest.fixture
def now_ms() -> Callable[[], int]:
    """The moment of a start that is just over: the agent's and the engine's clocks are the machine's."""
    return lambda: int(time.time() * 1000) - 1000


@pytest.fixture
def yawl() -> Iterator[StandInEngine]:
    """A stand-in engine with a client account for the agent, and a specification whose cases wait for a person."""
    with StandInEngine(behind=0.0, clients={"meter": "word"}) as stand_in:
        stand_in.engine.load(Specification("UID_Orders", "0.1", "Orders", waiting_task="Approve"))
        yield stand_in
