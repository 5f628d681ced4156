"""Ends a program when its owner is gone. Standard library only: the launcher runs it in another environment."""

import os
import signal
import threading
import time

#: seconds between SIGTERM and SIGKILL
GRACE = 1.0


def end_with_stdin() -> None:
    """Ends this process group once standard input is at its end: SIGTERM, and SIGKILL after the grace.

    The owner holds the other end of the pipe and never writes to it. The kernel closes that end however the owner ends
    (return, crash, ``kill -9``). The program has to lead a process group of its own, as ``children.start`` makes it.
    """
    threading.Thread(target=_wait, name="stdin-end", daemon=True).start()


def _wait() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)
