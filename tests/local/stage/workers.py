"""Processes of the deployed stage's functions: found, and killed as a machine that fails would."""

import os
import signal
from pathlib import Path

from tests.local.stage.acting import Acting, wait_until


def workers(acting: Acting, function: str) -> list[int]:
    """Process ids, of this emulator only. ``function``: as its construct is named, for example ``submit-batch``."""
    name = function.replace("-", "").encode()
    emulator = f"AWS_ENDPOINT_URL={acting.stage.cloud.endpoint}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = environment.read_bytes().split(b"\0")
        except OSError:
            continue
        is_it = any(v.startswith(b"AWS_LAMBDA_FUNCTION_NAME=") and name in v.lower() for v in variables)
        if is_it and emulator in variables:
            found.append(int(environment.parent.name))
    return found


def kill(acting: Acting, function: str) -> None:
    """SIGKILL to all workers of a function, of which there must be one; returns when their connections are closed."""
    dying = workers(acting, function)
    assert dying, f"no worker of {function} is there to be killed"
    for pid in dying:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(_lives, dying)), f"{function} is dead")


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
