"""docs/deploy.md: a row for every key of a stage file, and a workflow that deploys without a secret."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks import stage as stages
from stacks.stage import company, read
from stacks.synth import ROOT
from tests.synthesized import filled_in

PAGE = ROOT / "docs" / "deploy.md"
WORKFLOW = ROOT / "docs" / "examples" / "github-actions-deploy.yml"
#: tables whose keys are names that a stage gives
NAMED = ("dimensions", "tags")
#: optional tables, as small as they may be: otherwise nothing asks for their keys
EVERYTHING = """
[domain]
name = "metering.your-company.com"
certificateArn = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
[firewall]
requestsPerAddress = 1000
[budget]
monthlyAmount = 200
notify = ["finops@yawl-vendor.com"]
[tags]
CostCenter = "1"
[[reporters]]
principal = "arn:aws:iam::111122223333:role/engine"
"""


class Watched(dict[str, Any]):
    """A table that remembers which of its keys were asked for, by their dotted names."""

    asked: set[str]

    @classmethod
    def of(cls, values: dict[str, Any], asked: set[str], path: str = "") -> "Watched":
        table = cls()
        table.path, table.asked = path, asked  # type: ignore[attr-defined]
        for key, value in values.items():
            inside = f"{path}<name>." if path.rstrip(".") in NAMED else f"{path}{key}."
            if isinstance(value, dict) and key != "included":
                value = cls.of(value, asked, inside)
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                value = [cls.of(entry, asked, inside) for entry in value]
            table[key] = value
        return table

    def _ask(self, key: object) -> None:
        path = self.path  # type: ignore[attr-defined]
        self.asked.add(f"{path}<name>" if path.rstrip(".") in NAMED else f"{path}{key}")

    def __contains__(self, key: object) -> bool:
        self._ask(key)
        return super().__contains__(key)

    def __getitem__(self, key: str) -> Any:
        self._ask(key)
        return super().__getitem__(key)


def asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every key that reading a stage file looks for, without the tables that only hold others."""
    asked: set[str] = set()
    loads = read.tomllib.loads
    monkeypatch.setattr(read.tomllib, "loads", lambda text, **named: Watched.of(loads(text, **named), asked))
    folder = tmp_path / "stages"
    folder.mkdir()
    (folder / "prod.toml").write_text(filled_in("prod") + EVERYTHING, encoding="utf-8")
    stages.load("prod", folder=folder)
    holders = {key.rsplit(".", 1)[0] for key in asked if "." in key}
    return asked - holders


def rows() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| key | values | meaning |") :].split("\n\n")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def test_every_key_of_a_stage_file_has_one_row_and_no_row_is_left_of_a_key_that_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rows()
    assert len(found) == len(set(found))
    assert set(found) == asked_for(tmp_path, monkeypatch)


def test_what_a_table_leaves_out_is_seen_all_the_same() -> None:
    """The test above rests on it."""
    asked: set[str] = set()
    company.read_qualifier(read.Section(Watched.of({}, asked), file="stages/x.toml"))
    assert asked == {"bootstrapQualifier"}


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
