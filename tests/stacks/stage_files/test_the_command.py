"""The command prints one line for a fault and nothing else, and makes the same templates again."""

import json
import os
import subprocess
import sys

import pytest

from stacks import synth
from tests.stacks.conftest import Bundled
from tests.stacks.stage_files.files import TO_BE_SET


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--stage", "dev"], f"stages/product.toml: productCode is empty: {TO_BE_SET}"),
        ([], "no stage is named: pass -c stage=<dev|local|prod|staging>"),
        (
            ["-c", "stage=nowhere"],
            "stages/nowhere.toml: there is no such stage: name one of dev, local, prod, staging (-c stage=...)",
        ),
        (
            ["--stage", "dev", "-c", "productCode=1234567890abcdefghijklmno", "-c", "clockOffsetFile=/tmp/o"],
            "stages/dev.toml: movableClock is not true: remove -c clockOffsetFile=/tmp/o",
        ),
        (
            ["--stage", "local", "-c", "functionPython=/no/python"],
            "-c functionPython=/no/python: there is no such interpreter: correct the path or leave it out",
        ),
        (["-c", "stage"], "-c stage: is not KEY=VALUE: write for example -c productCode=..."),
    ],
)
def test_the_command_prints_that_line_and_nothing_else(arguments: list[str], line: str) -> None:
    command = [sys.executable, str(synth.ROOT / "app.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line + "\n")


def test_without_the_cdk_cli_the_same_feature_flags_apply() -> None:
    flags = json.loads((synth.ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    assert synth.cdk_json_context() == flags
    assert flags["@aws-cdk/core:validateAgainstDefaultRules"] is True


def test_a_second_synth_is_the_same_and_uses_the_bundled_asset_again(bundled_stage: Bundled) -> None:
    """In another process, whose sets have another order."""

    def templates() -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in bundled_stage.folder.glob("*.template.json")}

    before = templates()
    command = [sys.executable, str(synth.ROOT / "app.py"), *bundled_stage.arguments]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Bundling asset" not in done.stderr
    assert templates() == before
    assert len(before) == 9
    assert str(bundled_stage.folder / "offset") in before["YawlMetering-local-Doors.template.json"]
