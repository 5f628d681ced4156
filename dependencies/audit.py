"""``python -m dependencies.audit``, a part of ``make check``: are the locked packages free of known vulnerabilities?

pip-audit asks PyPI, and npm asks its registry. Exit code 1 for a vulnerability. Where a registry does not answer, or is
a mirror without advisories, one line says so, and the code is 0; with ``AUDIT=1`` in the environment it is 1 then, too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stacks.node import npm

ROOT = Path(__file__).resolve().parent.parent
#: The asset's packages come first: they are the fewest, and they are what runs in an account.
LOCKS = ("lambda_src/requirements.txt", "requirements.txt", "local/emulator-requirements.txt")
#: Known and not mended, by the advisory's id or the npm package's name: why it does not concern us.
ACCEPTED: dict[str, str] = {}
#: Runs a command and returns what it printed to stdout.
Run = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Audit:
    """What an audit of one lock file found. unknown: why something could not be audited, empty if all was."""

    lock: str
    vulnerable: tuple[str, ...] = ()
    unknown: str = ""


def read_pip_audit(lock: str, printed: str) -> Audit:
    """The audit in pip-audit's JSON. That is empty where PyPI did not answer; where a mirror has no advisories, every
    package has a ``skip_reason``."""
    try:
        packages = json.loads(printed)["dependencies"]
    except (ValueError, KeyError):
        return Audit(lock, unknown="PyPI did not answer")
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    return Audit(
        lock,
        vulnerable=tuple(
            f"{package['name']} {package['version']}: {fault['id']}, mended in "
            + (" or ".join(fault["fix_versions"]) or "no version yet")
            for package in packages
            for fault in package.get("vulns", [])
            if fault["id"] not in ACCEPTED
        ),
        unknown=f"PyPI has no advisories for {len(skipped)} of {len(packages)} packages" if skipped else "",
    )


def read_npm_audit(lock: str, printed: str) -> Audit:
    """The audit in npm's JSON, which has ``vulnerabilities`` only where the registry answered."""
    try:
        faults = json.loads(printed)["vulnerabilities"]
    except (ValueError, KeyError):
        return Audit(lock, unknown="npm's registry gave no advisories")
    return Audit(
        lock,
        vulnerable=tuple(
            f"{name} {fault['range']}: {fault['severity']}, see `npm audit`"
            for name, fault in faults.items()
            if name not in ACCEPTED
        ),
    )


def audits(run: Run) -> Iterator[Audit]:
    """The audit of each lock file. One of Python that brings no advisories ends those of Python: the rest is as many
    requests again to the same registry."""
    for lock in LOCKS:
        command = [str(Path(sys.executable).parent / "pip-audit"), "--disable-pip", "--require-hashes", "--format=json"]
        audit = read_pip_audit(lock, run([*command, "--progress-spinner=off", "--requirement", lock]))
        yield audit
        if audit.unknown:
            break
    yield read_npm_audit("package-lock.json", run([*npm(), "audit", "--json", "--package-lock-only"]))


def main(run: Run, *, required: bool) -> int:
    """Print a line for each vulnerability and for each audit that could not be made; returns the exit code."""
    code = 0
    for audit in audits(run):
        for vulnerable in audit.vulnerable:
            print(f"✗ {audit.lock}: {vulnerable}")
            code = 1
        if audit.unknown:
            print(f"{'✗' if required else '·'} {audit.lock} is not audited for known vulnerabilities: {audit.unknown}")
            code = code or int(required)
    return code


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(_run, required=bool(os.environ.get("AUDIT"))))
