"""Starts the local Marketplace (``marketplace-local``) for the local stage, tests and benchmarks."""

import os
import sys
from pathlib import Path

from local.cloud.children import Child, start

#: The package stands alone, so its process can import nothing else of ours.
PACKAGE = Path(__file__).resolve().parent.parent / "marketplace-local"


def start_marketplace(log: Path, *, clock_file: Path | None = None) -> Child:
    """Starts a Marketplace on a free port. It logs to ``log``, and its clock follows the offset in ``clock_file``."""
    command = [sys.executable, "-u", "-m", "marketplace_local", "--port", "0", "--json", "--end-with-stdin"]
    if clock_file:
        command += ["--clock-file", str(clock_file)]
    return start("the local Marketplace", command, log=log, environment={**os.environ, "PYTHONPATH": str(PACKAGE)})
