"""A long command ends when it is told to, also where a script has started it in the background."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.run_program import PROJECT, ignore_interrupts

LONG = f"""
import sys, time
sys.path.insert(0, {str(PROJECT)!r})
from local.interrupts import heed_interrupts
heed_interrupts()
print("begun", flush=True)
time.sleep(60)
"""


@pytest.fixture
def under_make(tmp_path: Path) -> "subprocess.Popen[str]":
    """make, running a long command, as a script's ``make run &`` starts it: SIGINT is ignored by both."""
    (tmp_path / "long.py").write_text(LONG, encoding="utf-8")
    (tmp_path / "Makefile").write_text(f"run:\n\t@exec {sys.executable} long.py\n", encoding="utf-8")
    process = subprocess.Popen(
        ["make", "run"],
        cwd=tmp_path,
        # as at a prompt: this test itself may run below a make, whose level and flags it would go on from
        env={name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=ignore_interrupts,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def test_an_interrupt_of_the_group_ends_it(under_make: "subprocess.Popen[str]") -> None:
    os.killpg(under_make.pid, signal.SIGINT)
    said, _ = under_make.communicate(timeout=20)  # ends when nobody holds the pipe any more
    assert "KeyboardInterrupt" in said
    assert under_make.returncode == 2


def test_the_end_of_make_ends_it(under_make: "subprocess.Popen[str]") -> None:
    """By SIGTERM to make itself, which ignores SIGINT for good; the program outlives it for a moment only."""
    under_make.send_signal(signal.SIGTERM)
    under_make.communicate(timeout=20)


def test_every_long_command_of_the_makefile_heeds_interrupts() -> None:
    """Those are long that take make's place in its recipe."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    modules = set(re.findall(r"exec \$\(PY\) -m (\S+)", makefile))
    assert {"local.run", "pytest", "bench", "deploy"} <= modules
    # The local Marketplace sets its own handler of SIGINT; its own test sends it one.
    for module in modules - {"pytest", "marketplace_local"}:
        path = PROJECT / module.replace(".", "/")
        entry = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
        assert "    heed_interrupts()\n" in entry.read_text(encoding="utf-8"), entry
    assert "    heed_interrupts()\n" in (PROJECT / "tests" / "conftest.py").read_text(encoding="utf-8")
