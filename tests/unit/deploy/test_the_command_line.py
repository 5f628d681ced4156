"""The CDK's command line is pinned, locked by its content, and needs no Node of the machine."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy import cdk_cli
from deploy.__main__ import app
from deploy.not_ready import NotReady
from stacks.synth import ROOT


def test_the_lock_file_holds_exactly_the_named_version_and_no_address() -> None:
    named = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", named)
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    package = json.loads(lock)["packages"]["node_modules/aws-cdk"]
    assert package["version"] == named
    assert package["integrity"].startswith("sha512-")
    assert "http" not in lock


def test_no_page_names_another_version() -> None:
    pages = [ROOT / "README.md", ROOT / "Makefile", *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.yml")]
    assert [page.name for page in pages if "npx" in page.read_text(encoding="utf-8")] == []


def test_it_runs_on_the_pinned_node_whatever_the_machine_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script, out = tmp_path / "cdk", tmp_path / "out"
    script.write_text("require('fs').writeFileSync(process.env.OUT, process.version)", encoding="utf-8")
    monkeypatch.setattr(cdk_cli, "CLI", script)
    cdk_cli.cdk("deploy", environment={"PATH": "", "OUT": str(out)})
    assert out.read_text(encoding="utf-8").startswith("v24.")


def test_a_command_that_fails_is_one_line_and_so_is_one_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cdk_cli, "CLI", tmp_path / "absent")
    with pytest.raises(NotReady, match="make cdk"):
        cdk_cli.cdk("deploy")
    failing = tmp_path / "cdk"
    failing.write_text("process.exit(3)", encoding="utf-8")
    monkeypatch.setattr(cdk_cli, "CLI", failing)
    with pytest.raises(NotReady, match="cdk deploy failed"):
        cdk_cli.cdk("deploy")


@pytest.mark.parametrize("command", ["synth", "bootstrap", "deploy", "rollback", "destroy"])
def test_a_stage_that_is_not_named_or_not_there_is_one_line(command: str) -> None:
    for arguments, what in (([], "no stage is named: write STAGE=<"), (["--stage", "nope"], "there is no such stage")):
        result = CliRunner().invoke(app, [command, *arguments], env={"STAGE": ""})
        assert result.exit_code == 1
        assert result.output.startswith("✗ ") and what in result.output
        assert result.output.count("\n") == 1


def test_a_moment_that_is_none_is_one_line() -> None:
    result = CliRunner().invoke(app, ["rollback", "--stage", "local", "--before", "yesterday"])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "BEFORE=yesterday is no time" in result.output
