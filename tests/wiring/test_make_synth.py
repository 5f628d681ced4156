"""``make synth`` as people type it: what is wrong is one line, and what was there before stays."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks import synth

#: The environments are there, or no test would run; make must not touch them in the middle of the tests.
READY = [f"--old-file={folder}/.ready" for folder in (".venv", ".venv-cloud", ".venv-lambda")]


def make_synth(**variables: str) -> "subprocess.CompletedProcess[str]":
    command = [
        "make",
        "--no-print-directory",
        *READY,
        "synth",
        *(f"{name}={value}" for name, value in variables.items()),
    ]
    # A make above this test hands its own variables down.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "T")}
    return subprocess.run(command, cwd=synth.ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def last_good() -> Iterator[Path]:
    """The assembly of a stage that there is no more."""
    folder = synth.ROOT / "build" / "cdk.out-gone"
    # A killed run may have left it behind.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    yield folder
    shutil.rmtree(folder)


def test_a_synth_that_fails_leaves_the_last_good_assembly(last_good: Path) -> None:
    failed = make_synth(STAGE="gone")
    assert failed.returncode != 0
    assert "stages/gone.toml: there is no such stage" in failed.stdout + failed.stderr
    assert [path.name for path in last_good.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("code", ["has space", 'a"b', "a;b", "$(HOME) x"])
def test_a_product_code_that_is_none_is_named_in_one_line(code: str) -> None:
    failed = make_synth(STAGE="dev", PRODUCT_CODE=code.replace("$", "$$"))
    assert failed.returncode != 0
    assert f"the command line: productCode is {code!r}: set it to the product code" in failed.stdout + failed.stderr
    assert "usage:" not in failed.stderr and "Traceback" not in failed.stdout + failed.stderr
