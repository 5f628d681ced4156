"""A server that another program starts ends with that program, however the program dies.

The parent starts its child with ``stdin=PIPE`` and keeps its end of the pipe. The kernel closes that end when the
parent dies, by ``kill -9`` too, and the child reads the end of its standard input.
"""

import os
import threading
from collections.abc import Callable


def at_end_of_stdin(stop: Callable[[], object]) -> None:
    """Calls ``stop`` in a thread of its own when standard input ends. Returns at once."""

    def wait() -> None:
        # os.read, because a thread inside sys.stdin.read would hold a lock that the interpreter needs at its end.
        while os.read(0, 4096):
            pass
        stop()

    threading.Thread(target=wait, daemon=True, name="end of stdin").start()
