"""Runs one command and sees to it that nothing of it outlives the process that asked for it.

Started by ``local.cloud.children`` as a program of its own (standard library only, no imports of the project):

    python -I -S supervisor.py <pipe> <grace seconds> <command> ...

``pipe`` is the read end of a pipe whose write end the owner holds and never writes to. However the owner goes
(returned, crashed, ``kill -9``), the kernel closes that end, and this program then stops the command's whole process
group: SIGTERM, after the grace SIGKILL. A command that ends by itself has its left-over processes killed as well.
On Linux the command is also killed by the kernel should this program itself be killed (``PR_SET_PDEATHSIG``; it is
bound to the parent's *thread*, which is safe here because this program has only one), and orphans of the command are
adopted and reaped here (``PR_SET_CHILD_SUBREAPER``).
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time

# <linux/prctl.h>
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform == "linux"
#: how often the end of the command is looked for, seconds; the end of the owner is noticed at once
TICK = 0.2


def prctl(option: int, value: int) -> None:
    """Linux's prctl(2); its failure only loses the second line of defence."""
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def signal_group(group: int, number: int) -> bool:
    """Whether anybody was left in the group to be signalled."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def reap() -> None:
    """Collects every child that has ended, adopted orphans too, so that no zombie keeps a process id."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def stop_group(group: int, grace: float) -> None:
    """SIGTERM to the group, SIGKILL to what is left of it after ``grace`` seconds."""
    signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        reap()
        if not signal_group(group, 0):
            return
        time.sleep(0.02)
    signal_group(group, signal.SIGKILL)
    deadline = time.monotonic() + 2
    while signal_group(group, 0) and time.monotonic() < deadline:
        reap()
        time.sleep(0.01)


def main(arguments: list[str]) -> int:
    pipe, grace, command = int(arguments[0]), float(arguments[1]), arguments[2:]
    owner = os.getppid()
    # the owner decides by closing the pipe, not a terminal and not a polite signal to somebody's whole job
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

    def in_the_child() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if LINUX:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    if LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    # S603: the command is the owner's own; preexec_fn is safe, this program has one thread
    child = subprocess.Popen(command, process_group=0, close_fds=True, preexec_fn=in_the_child)  # noqa: S603
    while child.poll() is None:
        readable, _, _ = select.select([pipe], [], [], TICK)
        # a forked copy of the owner may hold the pipe open, hence the look at the parent's id
        if readable or os.getppid() != owner:
            break
    code = child.returncode
    stop_group(child.pid, grace if code is None else 0)
    if code is None:
        code = child.wait() if child.poll() is None else child.returncode
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
