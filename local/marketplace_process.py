"""The local Marketplace (``marketplace-local``) as a process of the local stage, of tests and of benchmarks."""

import os
import sys
from pathlib import Path

from local.cloud.children import Child, start

#: The package stands alone, so this is all that its process can import of ours.
PACKAGE = Path(__file__).resolve().parent.parent / "marketplace-local"


def start_marketplace(log: Path, *, clock_file: Path | None = None) -> Child:
    """A Marketplace on a free port; its output goes to ``log``, its clock follows the offset in ``clock_file``."""
    command = [sys.executable, "-u", "-m", "marketplace_local", "--port", "0", "--json", "--end-with-stdin"]
    if clock_file:
        command += ["--clock-file", str(clock_file)]
    return start("the local Marketplace", command, log=log, environment={**os.environ, "PYTHONPATH": str(PACKAGE)})
