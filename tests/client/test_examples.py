"""The same call from Python, curl and Java: what the documentation shows runs, and is let in by its signature."""

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from runtime.clock import iso, now
from stacks.synth import ROOT
from tests.client.usage_api import ENVIRONMENT, UsageApi
from tests.example_programs import EXAMPLES, PROGRAMS, command

PAGES = [ROOT / "docs" / "client.md", ROOT / "docs" / "usage-from-java-and-curl.md", ROOT / "client" / "README.md"]
#: A page names a file before the block that shows it.
SHOWN = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)\n```", re.DOTALL)


def events_of_now(path: Path) -> Path:
    """The example's events, which are of a day of their own."""
    body = json.loads((EXAMPLES / "events.json").read_text(encoding="utf-8"))
    for event in body["events"]:
        event["occurredAt"] = iso(now())
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("token", "fault", "verdict"),
    [("", "503", "recorded"), ("a/session+token==", "503", "recorded"), ("", "lost", "duplicate")],
)
def test_the_example_is_let_in_and_says_the_verdicts(
    api: UsageApi, tmp_path: Path, program: str, token: str, fault: str, verdict: str
) -> None:
    """It sends the same bytes again after an error. After an answer that was lost, either it does, or its caller."""
    api.fault = lambda number: fault if number == 1 else ""
    environ = {**os.environ, **ENVIRONMENT, "AWS_REGION": "us-east-1", "USAGE_URL": f"{api.url}/usage"}
    environ |= {"AWS_SESSION_TOKEN": token} if token else {}
    run = [*command(program, tmp_path), str(events_of_now(tmp_path / "events.json"))]
    done = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and fault == "lost":
        done = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    # curl prints the refused attempt's body before the answer.
    verdicts = json.loads(done.stdout[done.stdout.index('{"verdicts"') :])["verdicts"]
    assert [each["verdict"] for each in verdicts] == [verdict, verdict]
    assert (api.counted()["l-1"], api.unsigned, len(set(api.bodies)), api.numbers) == (240, 0, 1, 2)
    environ["AWS_SECRET_ACCESS_KEY"] = "another"
    wrong = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert wrong.returncode != 0
    assert api.unsigned > 0


def test_the_python_example_records(api: UsageApi, tmp_path: Path) -> None:
    environ = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT / "client")}
    command = [sys.executable, str(EXAMPLES / "record_usage.py"), api.url, str(tmp_path)]
    subprocess.run(command, env=environ, check=True, timeout=60)
    counted = {name: api.counted(name)["l-1"] for name in ("api_calls", "active_users", "workflow_executions")}
    assert counted == {"api_calls": 13, "active_users": 1, "workflow_executions": 1}
    assert api.counted("data_processed_gb")["l-1"] == Decimal("0.25")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_the_files_that_are_run_here(page: Path) -> None:
    shown = SHOWN.findall(page.read_text(encoding="utf-8"))
    assert shown
    for name, code in shown:
        assert code == (ROOT / name).read_text(encoding="utf-8").rstrip("\n"), name


def test_every_example_is_on_a_page() -> None:
    shown = {name for page in PAGES for name, _ in SHOWN.findall(page.read_text(encoding="utf-8"))}
    assert shown == {f"client/examples/{path.name}" for path in EXAMPLES.iterdir() if path.is_file()}
