"""Ends a program when its owner ends. Standard library only, because the launcher imports it in another environment."""

import os
import signal
import threading
import time

#: Seconds between SIGTERM and SIGKILL.
GRACE = 1.0


def end_with_stdin() -> None:
    """Ends this process group at the end of standard input, by SIGTERM and, after the grace, by SIGKILL.

    The owner holds the other end of the pipe and never writes to it. The kernel closes that end however the owner ends
    (return, crash, ``kill -9``). The program has to lead a process group of its own; ``children.start`` sees to that.
    """
    threading.Thread(target=_wait, name="stdin-end", daemon=True).start()


def _wait() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)
