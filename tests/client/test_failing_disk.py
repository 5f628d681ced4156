"""Real disks that are full or fail, exceptions thrown into calls, and forks, in processes that are killed after it."""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.client.app import LOG
from tests.client.door import START, Door
from tests.client.test_threads_and_forks import ENVIRON
from yawl_metering import Settings, SpoolUnwritable, UsageClient
from yawl_metering.transport import Unavailable


class Silent(Door):
    """No way out."""

    def send(self, *_: Any) -> Any:
        return Unavailable("HTTP 500")


def calls_of(child: Callable[[UsageClient], tuple[int, int]], root: Path, **settings: Any) -> tuple[int, int, int]:
    """A process does this and is killed. Calls that returned, calls that may count, and what the next process sends."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            chosen = Settings(flush_interval=300, **settings)
            client = UsageClient("app", Silent, root, clock=lambda: START, settings=chosen)
            returned, perhaps = child(client)
            os.write(write, f"{returned} {perhaps}".encode())
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.close(write)
    with os.fdopen(read) as said:
        returned, perhaps = (int(number) for number in said.read().split())
    os.waitpid(pid, 0)
    door = Door()
    with UsageClient("app", lambda: door, root, clock=lambda: START):
        pass
    return returned, perhaps, int(door.totals().get(("l-1", "api_calls"), 0))


@pytest.mark.parametrize("limit", range(200_000, 400_000, 37_123))
def test_a_full_disk_takes_nothing_that_counts(tmp_path: Path, limit: int) -> None:
    """A call that raised was not recorded, one that returned was, and when there is room again calls go on."""

    def child(client: UsageClient) -> tuple[int, int]:
        returned = 0
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            while True:
                client.record("l-1", "api_calls", event_id=f"e-{returned}", occurred_at=START)
                returned += 1
        except SpoolUnwritable:
            pass
        for _ in range(3):
            try:
                client.record("l-1", "api_calls", event_id="not-recorded", occurred_at=START)
                returned += 1
                break
            except SpoolUnwritable:
                pass
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        client.record("l-1", "api_calls", event_id="after", occurred_at=START)
        return returned + 1, 0

    returned, _, counted = calls_of(child, tmp_path)
    assert counted == returned > 10


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds the log's handle in /proc")
def test_a_log_that_cannot_be_synced(tmp_path: Path) -> None:
    """/dev/null takes writes, but no fsync. The call raises, since a power cut would take it."""

    def child(client: UsageClient) -> tuple[int, int]:
        client.record_api_calls("l-1", 1)
        [handle] = [int(fd.name) for fd in Path("/proc/self/fd").iterdir() if os.path.realpath(fd).endswith(LOG)]
        kept, broken = os.dup(handle), os.open("/dev/null", os.O_RDWR)
        os.dup2(broken, handle)
        failures = 0
        for _ in range(3):
            try:
                client.record_api_calls("l-1", 10)
            except SpoolUnwritable:
                failures += 1
        os.dup2(kept, handle)
        client.record_api_calls("l-1", 100)
        return 101 if failures == 3 else -1, 0

    returned, _, counted = calls_of(child, tmp_path, sync="call")
    assert counted == returned == 101


def test_an_exception_thrown_into_calls_leaves_each_whole(tmp_path: Path) -> None:
    """Ctrl-C, a soft time limit: a call that raised may count wholly, as with a request whose answer was lost. All
    others are as they said, and the next ones go on."""

    class Struck(Exception):
        pass

    def strike(*_: Any) -> None:
        raise Struck

    def child(client: UsageClient) -> tuple[int, int]:
        chance = Random(7)
        signal.signal(signal.SIGALRM, strike)
        returned = struck = number = 0
        while struck < 300:
            number += 1
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, 4e-4))
                while True:
                    if number % 2:
                        client.record_api_calls("l-1")
                    else:
                        client.record("l-1", "api_calls", event_id=f"e-{returned}-{struck}", occurred_at=START)
                    returned += 1
            except Struck:
                struck += 1
        last = threading.Thread(target=client.record_api_calls, args=("l-1",), daemon=True)
        last.start()
        last.join(20)
        if last.is_alive():
            os._exit(9)
        return returned + 1, struck

    returned, struck, counted = calls_of(child, tmp_path, max_spool_bytes=512 * 1024 * 1024)
    assert returned <= counted <= returned + struck
    assert returned > 300


def test_forks_while_another_thread_records(tmp_path: Path) -> None:
    """SQLite's connections must not cross a fork; each call of parent and children counts once."""

    def child(client: UsageClient) -> tuple[int, int]:
        stop, returned = threading.Event(), [0]

        def record() -> None:
            while not stop.is_set():
                client.record_api_calls("l-1")
                returned[0] += 1

        thread = threading.Thread(target=record)
        thread.start()
        made = 0
        for number in range(20):
            pid = os.fork()
            if pid == 0:
                for _ in range(5):
                    client.record_api_calls("l-1")
                if number % 2:
                    client.close(0)
                os._exit(0)
            made += 5
            if os.waitpid(pid, 0)[1]:
                os._exit(9)
        stop.set()
        thread.join()
        return returned[0] + made, 0

    returned, _, counted = calls_of(child, tmp_path)
    assert counted == returned > 50


def test_a_fork_behind_pythons_back_is_refused(tmp_path: Path) -> None:
    """The connection is the parent's. (Some servers fork in C.)"""
    program = """
import ctypes, os, sys
from pathlib import Path
from yawl_metering import SpoolUnwritable
from yawl_metering.spool import Event, Spool
spool = Spool(Path(sys.argv[1]))
def put(number):
    spool.put(Event(0, "l-1", f"e-{number}", "{}", 0.0), 0.0)
if ctypes.PyDLL(None).fork() == 0:
    try:
        put(1)
    except SpoolUnwritable as error:
        os.write(1, str(error).encode())
    os._exit(0)
os.wait()
put(2)
os.write(1, str(spool.held().frozen).encode())
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, env=ENVIRON, capture_output=True, check=True, timeout=60)
    assert done.stdout == b"the spool was opened before a fork1"


def test_processes_record_at_once_and_are_killed(tmp_path: Path) -> None:
    """Their like calls become the same events; what returned counts, the last call of each may."""
    root, reports = tmp_path / "spool", []
    for number in range(4):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            client = UsageClient("app", Silent, root, clock=lambda: START, settings=Settings(flush_interval=300))
            for _ in range(100 + 50 * number):
                client.record_api_calls("l-1")
                os.write(write, b".")
            os.kill(os.getpid(), signal.SIGKILL)
        os.close(write)
        reports.append((pid, read))
    returned = 0
    for pid, read in reports:
        with os.fdopen(read, "rb") as said:
            returned += len(said.read())
        os.waitpid(pid, 0)
    door = Door()
    with UsageClient("app", lambda: door, root, clock=lambda: START) as client:
        assert client.stats().adopted == 1
    assert door.totals() == {("l-1", "api_calls"): returned}
    assert returned == 700
