"""The workflow that docs/deploy.md offers for GitHub Actions deploys without a secret."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from stacks import stage as stages
from stacks.synth import ROOT

WORKFLOW = ROOT / "docs" / "examples" / "github-actions-deploy.yml"


def steps() -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"].values():
        yield from job["steps"]


def test_the_workflow_deploys_by_the_documented_command_and_holds_no_secret() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert [step["run"] for step in steps() if "run" in step] == ["make deploy"]
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    assert "secrets." not in text and "aws-access-key-id" not in text
    assert workflow["jobs"]["deploy"]["environment"], "an environment of GitHub's can ask for reviewers"
    assert workflow["concurrency"]["cancel-in-progress"] is False


def test_the_workflow_s_actions_are_pinned_by_their_major_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action)] == []


def test_the_workflow_offers_the_stages_that_there_are() -> None:
    # YAML 1.1 reads the key "on" as true
    inputs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))[True]["workflow_dispatch"]["inputs"]
    assert set(inputs["stage"]["options"]) == set(stages.names(ROOT / "stages")) - {"local"}
