"""The example programs of the documentation, ready to be run; Java's is compiled first."""

import shutil
import subprocess
from pathlib import Path

import pytest

from stacks.synth import ROOT

EXAMPLES = ROOT / "client" / "examples"
#: Programs that send a file of events by themselves, with nothing of ours.
PROGRAMS = ("report-usage.sh", "ReportUsage.java")
#: The program is short: the best compiler of the JVM costs more than it gains.
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def command(name: str, folder: Path) -> list[str]:
    """The command that runs one of ``PROGRAMS``. folder: for the classes; none of the compiler's warnings is let pass.

    Skips the test on a machine without a JDK.
    """
    if not name.endswith(".java"):
        return ["sh", str(EXAMPLES / name)]
    if not (shutil.which("javac") and shutil.which("java")):
        pytest.skip("no JDK (javac, java) on this machine: the Java example is neither compiled nor run")
    compiler = ["javac", "--release", "17", "-Xlint:all", "-Werror", "-d", str(folder), str(EXAMPLES / name)]
    done = subprocess.run(compiler, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return ["java", *_JVM, "-cp", str(folder), name.removesuffix(".java")]
