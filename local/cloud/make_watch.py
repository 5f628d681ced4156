"""Ends this process when the ``make`` it was started by ends, however that happens.

make runs a recipe through a shell, so its death by ``kill -9`` orphans the recipe instead of ending it. Linux only
(it reads /proc); elsewhere nothing is watched. Without a make above us, for instance in a plain shell, nothing is
watched either: there, going on without the shell is what a background job is expected to do.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

#: seconds between looks
TICK = 0.3
_started = threading.Lock()


def _status(pid: int) -> tuple[str, str, int] | None:
    """Command name, state and parent of a process; None if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    state, parent = text[text.rindex(")") + 2 :].split()[:2]
    return name, state, int(parent)


def find_make() -> int | None:
    """The process id of the nearest ``make`` among our ancestors."""
    pid = os.getppid()
    while pid > 1:
        status = _status(pid)
        if status is None:
            return None
        if status[0] in ("make", "gmake"):
            return pid
        pid = status[2]
    return None


def _gone(pid: int) -> bool:
    status = _status(pid)
    return status is None or status[0] not in ("make", "gmake") or status[1] in "ZX"


def _watch(make: int) -> None:
    while not _gone(make):
        time.sleep(TICK)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2)
    os.kill(os.getpid(), signal.SIGKILL)


def end_with_make() -> None:
    """Starts the watch, once per process."""
    if sys.platform != "linux" or not _started.acquire(blocking=False):
        return
    make = find_make()
    if make is not None:
        threading.Thread(target=_watch, args=(make,), name="make-watch", daemon=True).start()
