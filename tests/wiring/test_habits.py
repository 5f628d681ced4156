"""The repository's habits hold together: hooks, the CI workflow, the issue template, the version."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pre_commit.clientlib import load_config

from stacks.synth import ROOT

GITHUB = ROOT / ".github"
WORKFLOW = GITHUB / "workflows" / "ci.yml"


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def hooks() -> Iterator[dict[str, Any]]:
    """As pre-commit itself reads them; it refuses a file that it does not understand."""
    for repository in load_config(ROOT / ".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local", "the locked versions are used, and nothing is downloaded"
        yield from repository["hooks"]


def test_each_hook_runs_a_tool_of_the_project_s_environment() -> None:
    tools = {hook["entry"].split()[0] for hook in hooks()}
    assert {Path(tool).name for tool in tools} >= {"ruff", "mypy", "trailing-whitespace-fixer", "end-of-file-fixer"}
    for tool in tools:
        assert tool.startswith(".venv/bin/") and os.access(ROOT / tool, os.X_OK), tool


def test_ci_runs_the_one_script_on_pushes_and_pull_requests() -> None:
    workflow = loaded(WORKFLOW)
    # YAML 1.1 reads the key "on" as true.
    assert set(workflow[True]) == {"push", "pull_request"}
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_ci_may_only_read_the_code_and_knows_no_secret() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    workflow = loaded(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    assert "secrets." not in text and "upload" not in text.split("jobs:")[1] and "pull_request_target" not in text


def test_ci_s_actions_are_pinned_and_its_caches_follow_the_locked_requirements() -> None:
    (job,) = loaded(WORKFLOW)["jobs"].values()
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[\w-]+@v\d+", action) for action in used)
    (setup,) = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/setup-python")]
    locked = setup["cache-dependency-path"].split()
    assert locked and all((ROOT / path).is_file() for path in locked)


def test_ci_tries_the_oldest_python_that_is_supported() -> None:
    (job,) = loaded(WORKFLOW)["jobs"].values()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert job["strategy"]["matrix"]["python"][0] == project["requires-python"].removeprefix(">=")


def test_the_issue_template_asks_for_what_support_needs() -> None:
    fields = {field["id"]: field["attributes"] for field in loaded(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"][1:]}
    assert set(fields) == {"happened", "version", "error", "check", "stage", "machine"}
    assert "make check STAGE=" in fields["check"]["label"] and "JSON=1" in fields["check"]["label"]


def test_the_version_is_the_same_everywhere_and_has_its_part_of_the_changelog() -> None:
    versions = {
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        for folder in (".", "client", "marketplace-local", "agent")
    }
    assert len(versions) == 1
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [*versions]), "the newest version of the changelog is the one that is named"


def test_the_packages_carry_the_same_licence() -> None:
    texts = {(ROOT / folder / "LICENSE").read_bytes() for folder in (".", "client", "marketplace-local", "agent")}
    assert len(texts) == 1
