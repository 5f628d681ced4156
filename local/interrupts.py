"""Lets people interrupt a long command in whichever way it was started."""

import signal


def heed_interrupts() -> None:
    """Makes SIGINT raise KeyboardInterrupt in this program even where the program inherited that it is ignored.

    A shell without job control (a script) makes what it starts with ``&`` ignore SIGINT, and programs inherit that. A
    ``make`` in between ignores SIGINT for good, so such a script sends SIGTERM to make, or SIGINT to the whole process
    group.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
