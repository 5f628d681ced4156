"""Long commands can be stopped, however they were started."""

import signal


def heed_interrupts() -> None:
    """SIGINT ends this program again, with KeyboardInterrupt, where it was started so as to ignore it.

    A shell without job control (a script) has what it starts with ``&`` ignore SIGINT, and programs inherit that. The
    same goes for the ``make`` between: it ignores SIGINT for good, so such a script sends SIGTERM to make, or SIGINT to
    the whole process group.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
