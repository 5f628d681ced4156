"""An exception from outside thrown into a call: Ctrl-C, a signal handler, a soft time limit of the app's workers."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.client.door import START, Door
from tests.client.test_threads_and_forks import ENVIRON
from yawl_metering import Settings, SpoolUnwritable, UsageClient
from yawl_metering.disk import RealDisk, _File


class Disk(RealDisk):
    """``strike``: what happens to the next write."""

    strike = ""

    def create(self, path: Path) -> _File:
        return Struck(path, self)


class Struck(_File):
    def __init__(self, path: Path, disk: Disk) -> None:
        super().__init__(path, os.O_TRUNC)
        self._disk = disk

    def write(self, data: bytes) -> int:
        strike, self._disk.strike = self._disk.strike, ""
        if strike == "full":
            super().write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        done = super().write(data)
        if strike == "interrupt":
            raise KeyboardInterrupt  # right after the system call
        return done


def billed_after_a_kill(folder: Path, work: Callable[[UsageClient, Disk], None]) -> dict[tuple[str, str], int]:
    """A process does this and is killed; what the next one sends."""
    child = os.fork()
    if child == 0:
        disk = Disk()
        settings = Settings(flush_interval=300)
        work(UsageClient("app", Door, folder, clock=lambda: START, disk=disk, settings=settings), disk)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    door = Door()
    with UsageClient("app", lambda: door, folder, clock=lambda: START):
        pass
    return {key: int(total) for key, total in door.totals().items()}


def interrupted(client: UsageClient, disk: Disk, quantity: int) -> None:
    disk.strike = "interrupt"
    try:
        client.record_api_calls("l-1", quantity)
    except KeyboardInterrupt:
        return
    os._exit(9)


def test_a_call_that_raised_was_not_recorded(tmp_path: Path) -> None:
    """The app sees it fail, and makes it again."""

    def work(client: UsageClient, disk: Disk) -> None:
        client.record_api_calls("l-1", 1)
        interrupted(client, disk, 10)
        client.record_api_calls("l-1", 10)

    assert billed_after_a_kill(tmp_path, work) == {("l-1", "api_calls"): 11}


def test_a_call_that_returned_is_not_cut_off_with_one_that_failed(tmp_path: Path) -> None:
    def work(client: UsageClient, disk: Disk) -> None:
        client.record_api_calls("l-1", 1)
        interrupted(client, disk, 1000)
        client.record_api_calls("l-1", 20)
        disk.strike = "full"
        try:
            client.record_api_calls("l-1", 300)
        except SpoolUnwritable:
            return
        os._exit(9)

    assert billed_after_a_kill(tmp_path, work) == {("l-1", "api_calls"): 21}


FORKS_WHILE_LOOKING = """
import os, sys, threading, time
from tests.client.door import Door, START
from yawl_metering import UsageClient, worker
from yawl_metering.disk import RealDisk
worker.ADOPTION = 0.1
looking, go_on = threading.Event(), threading.Event()
class Slow(RealDisk):
    def names(self, path):  # the directory's listing takes a moment
        if threading.current_thread().name == "yawl-metering" and not looking.is_set():
            looking.set()
            go_on.wait(10)
        return super().names(path)
client = UsageClient("app", Door, sys.argv[1], clock=lambda: START, disk=Slow())
assert looking.wait(10)
def recorded(seconds):
    done = threading.Event()
    threading.Thread(target=lambda: (client.record_api_calls("l-1", 1), done.set()), daemon=True).start()
    return done.wait(seconds)
child = os.fork()  # a pre-forking server starts a worker
if child == 0:
    print("child recorded:", recorded(5), flush=True)
    sys.stdin.readline()
    os._exit(0)
go_on.set()
time.sleep(0.5)  # the thread has looked again
print("parent recorded:", recorded(5), flush=True)
os.kill(child, 9)
os.waitpid(child, 0)
os._exit(0)
"""


def test_a_fork_while_dead_spools_are_looked_for_blocks_nobody(tmp_path: Path) -> None:
    """The child inherits the lock of the directory that the parent's thread holds, and must let go of it."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKS_WHILE_LOOKING, str(tmp_path)],
        env=ENVIRON,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        said, _ = program.communicate(timeout=60)
    assert sorted(said.splitlines()) == ["child recorded: True", "parent recorded: True"]
