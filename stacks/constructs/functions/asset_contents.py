"""Fills the functions' asset: requirements by uv, and bytecode."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path


def install_requirements(requirements: Path, output: Path, python_version: str) -> None:
    """Install the locked wheels. Raises RuntimeError if one is not pure Python: the asset must serve every platform."""
    command = [
        *(sys.executable, "-m", "uv", "pip", "install", "--quiet"),
        *("--target", str(output), "--requirement", str(requirements), "--require-hashes", "--no-deps"),
        *("--python-version", python_version, "--python-platform", "aarch64-manylinux2014"),
        *("--only-binary", ":all:", "--no-compile-bytecode", "--no-installer-metadata", "--link-mode", "copy"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  no outside input
    if done.returncode:
        raise RuntimeError(f"uv could not install {requirements}:\n{done.stderr.strip()}")
    compiled = [path.name for path in output.rglob("*") if path.suffix in (".so", ".pyd")]
    if compiled:
        raise RuntimeError(f"{requirements}: not pure Python, one asset cannot serve every platform: {compiled}")
    (output / ".lock").unlink(missing_ok=True)
    shutil.rmtree(output / "bin", ignore_errors=True)


@cache
def bytecode_tag(interpreter: str) -> str:
    """The Python version of the interpreter's bytecode, for example ``cpython-311``."""
    program = "import sys; print(sys.implementation.cache_tag)"
    return subprocess.run([interpreter, "-c", program], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def compile_bytecode(output: Path, python_version: str, interpreter: str | None) -> None:
    """Write ``.pyc`` files that Python uses whatever the files' times are (PEP 552, unchecked hash).

    Only the Python version that wrote bytecode can use it. Without such an interpreter on this machine the asset has no
    bytecode, cold starts take about 2.5 times as long, and a notice says so.
    """
    if not interpreter:
        print(
            f"notice: no Python {python_version} here, so the asset ships without bytecode and cold starts are slower;"
            f" install Python {python_version} on the machine that deploys",
            file=sys.stderr,
        )
        return
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(output), str(output)]
    subprocess.run([interpreter, "-m", "compileall", *options], check=True, capture_output=True)  # noqa: S603


@cache
def installed(python_version: str) -> str | None:
    """An interpreter of that version on this machine, or None. uv downloads nothing."""
    command = [sys.executable, "-m", "uv", "python", "find", "--no-project", "--no-python-downloads", python_version]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  no outside input
    return done.stdout.strip() if done.returncode == 0 else None
