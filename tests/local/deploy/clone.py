"""A fresh clone of the project in a folder of its own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.synth import ROOT

#: A clone does not have these. The environments take minutes to build, so they are linked.
NOT_CLONED = shutil.ignore_patterns(".git", ".venv*", "node_modules", "build", "tests", ".*_cache", "__pycache__")
#: Variables that this run of tests got for itself, also from a make above it.
NOT_OURS = (
    "AWS_",
    "CDK_",
    "PYTHON",
    "MAKE",
    "MFLAGS",
    "STAGE",
    "PRODUCT_CODE",
    "ARGS",
    "BEFORE",
    "YES",
    "SELLER",
    "JSON",
    "WRITE",
    "TEST_BUYER",
    "API_URL",
)
LINKED = (".venv", ".venv-cloud", ".venv-lambda", "node_modules")


@dataclass(frozen=True)
class Ended:
    """How a block of commands ended; output is both streams, as a terminal shows them."""

    code: int
    output: str


@dataclass(frozen=True)
class Clone:
    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def make(cls, folder: Path, environment: Mapping[str, str]) -> "Clone":
        """environment: added to the shell's own, instead of whatever that says of AWS."""
        shutil.copytree(ROOT, folder, ignore=NOT_CLONED, dirs_exist_ok=True)
        for name in LINKED:
            (folder / name).symlink_to(ROOT / name)
        machine = folder.parent / "machine"
        machine.mkdir()
        # The machine's own Node must not be used.
        (machine / "node").write_text("#!/bin/sh\necho not this node >&2\nexit 1\n", encoding="ascii")
        (machine / "node").chmod(0o755)
        # uv and npm find the machine's settings; AWS's are the test's own.
        ours = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
        files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), str(machine / "none"))
        basis = {**ours, **files, "PATH": f"{machine}:{os.environ['PATH']}"}
        return cls(folder, {**basis, **environment})

    def run(self, commands: str, **more: str) -> Ended:
        """A block of commands, as a shell takes it; it stops at the first that fails."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Ended(done.returncode, done.stdout)

    def stage_file(self, name: str) -> Path:
        return self.folder / "stages" / f"{name}.toml"
