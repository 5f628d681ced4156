"""Many threads, forked children, and an app that forgets to close."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.synth import ROOT
from tests.client.app import left_in
from tests.client.door import START, Door
from tests.client.usage_api import ENVIRONMENT as CALLER
from tests.client.usage_api import UsageApi
from yawl_metering import Settings, SpoolFull, UsageClient
from yawl_metering.transport import Transport, Unavailable, Verdict

ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "lambda_src", ROOT / "client")))}
FAST = Settings(flush_interval=0.02, first_backoff=0.01, longest_backoff=0.05)


def in_threads(number: int, work: Callable[[int], None]) -> None:
    failed: list[BaseException] = []

    def run(n: int) -> None:
        try:
            work(n)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize("sync", ["interval", "call"])
def test_eight_threads_count_exactly(tmp_path: Path, sync: Any) -> None:
    door = Door()
    door.fault = lambda number: "lost" if number % 3 else ""
    settings = Settings(flush_interval=0.02, first_backoff=0.01, longest_backoff=0.05, sync=sync)
    calls = 1000 if sync == "interval" else 60
    client = UsageClient("app", lambda: door, tmp_path, settings=settings, clock=lambda: START)

    def work(number: int) -> None:
        for n in range(calls):
            client.record_api_calls(f"l-{n % 3}")
            if n % 100 == 0:
                client.record_active_user("l-1", f"user-{number}-{n}")
                client.flush(0.05)

    in_threads(8, work)
    door.fault = lambda _: ""
    assert client.close() is True
    totals = door.totals()
    assert sum(total for (_, name), total in totals.items() if name == "api_calls") == 8 * calls
    assert totals["l-1", "active_users"] == 8 * len(range(0, calls, 100))
    assert door.reused == []
    assert left_in(tmp_path) == {}


def test_flush_says_what_is_left(tmp_path: Path) -> None:
    door = Door()
    client = UsageClient("app", lambda: door, tmp_path, clock=lambda: START)
    client.record_api_calls("l-1")
    assert client.flush() is True
    door.answer = lambda _: Verdict("retry_later", "unknown_customer")
    client.record_api_calls("l-1")
    assert client.flush(3600) is False, "answered, and to be sent again later: no reason to wait"
    assert client.stats().pending == 1
    door.answer = lambda _: None
    door.fault = lambda _: "everyone"
    assert client.flush(0.2) is False
    door.fault = lambda _: ""
    assert client.close() is True


def test_what_close_leaves_the_next_process_sends(tmp_path: Path) -> None:
    door = Door()
    door.fault = lambda _: "everyone"
    first = UsageClient("app", lambda: door, tmp_path, clock=lambda: START)
    first.record_api_calls("l-1", 3)
    assert first.close(0.1) is False
    assert first.close(0.1) is False
    assert first.stats().pending == 1
    door.fault = lambda _: ""
    with UsageClient("app", lambda: door, tmp_path, clock=lambda: START) as second:
        assert second.stats().adopted == 1
    assert door.totals() == {("l-1", "api_calls"): 3}


@pytest.mark.timeout(60)
def test_a_callback_may_record_and_flush(tmp_path: Path) -> None:
    """It runs in the thread that would send and make room, which must not wait for itself."""
    door = Door()
    door.answer = lambda event: Verdict("refused", "not_subscribed") if event.customer_identifier == "l-2" else None
    made: list[UsageClient] = []
    found: list[object] = []

    def on_refused(event: Any, *_: Any) -> None:
        made[0].record_api_calls("l-1")
        found.append(made[0].flush(3600))
        try:
            fill(made[0])
        except AssertionError as error:
            found.append(error)

    settings = Settings(max_spool_bytes=4 * 1024 * 1024, when_full_wait=3600.0)
    made.append(
        UsageClient("app", lambda: door, tmp_path, settings=settings, on_refused=on_refused, clock=lambda: START)
    )
    made[0].record_api_calls("l-2")
    made[0].flush()
    assert found == [False]
    assert made[0].stats().full == 1
    assert made[0].close(60) is True
    assert door.totals()["l-1", "api_calls"] > 1000


class Closed(Door):
    """No way out until it opens."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()

    def send(self, events: Any) -> Any:
        return super().send(events) if self.open.is_set() else Unavailable("HTTP 500")


def fill(client: UsageClient, name: str = "e") -> int:
    """Events of its own until it is full."""
    for number in range(100_000):
        try:
            client.record("l-1", "api_calls", occurred_at=START, event_id=f"{name}-{number}", tags={"t": "x" * 250})
        except SpoolFull:
            return number
    raise AssertionError("never full")


def test_a_full_spool_raises_at_once_or_waits_for_room(tmp_path: Path) -> None:
    door = Closed()
    settings = Settings(max_spool_bytes=4 * 1024 * 1024, when_full_wait=0.0, first_backoff=0.01, longest_backoff=0.05)
    with UsageClient("app", lambda: door, tmp_path / "a", settings=settings, clock=lambda: START) as client:
        held = fill(client)
        stats = client.stats()
        assert (stats.pending, stats.full) == (held, 1)
        assert 600_000 < stats.live_bytes <= 1024 * 1024
        on_disk = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        assert on_disk <= settings.max_spool_bytes
        door.open.set()
        assert client.flush(60) is True
        client.record_api_calls("l-1")
    assert door.totals()["l-1", "api_calls"] == held + 1


@pytest.mark.timeout(50)
def test_a_call_that_waits_goes_on_when_room_comes(tmp_path: Path) -> None:
    door = Closed()
    full = threading.Event()

    def transport() -> Transport:
        return door

    # Nothing is due for five minutes, and the first attempts fail: the waiting call makes the client send.
    settings = Settings(
        max_spool_bytes=4 * 1024 * 1024,
        when_full_wait=60.0,
        first_backoff=0.01,
        longest_backoff=0.05,
        flush_interval=300,
    )
    with UsageClient("app", transport, tmp_path, settings=settings, clock=lambda: START) as client:

        def record_all() -> None:
            for number in range(3000):
                client.record("l-1", "api_calls", occurred_at=START, event_id=f"e-{number}", tags={"t": "x" * 250})

        recording = threading.Thread(target=record_all)
        recording.start()
        while client.stats().failed_requests < 3:
            full.wait(0.01)
        door.open.set()
        recording.join()
        assert client.stats().full == 0
    assert door.totals() == {("l-1", "api_calls"): 3000}


def test_merging_goes_on_when_full(tmp_path: Path) -> None:
    """A call that joins an event needs no room, so the most frequent ones are the last to be refused."""
    door = Closed()
    settings = Settings(max_spool_bytes=4 * 1024 * 1024, when_full_wait=0.0, first_backoff=30.0)
    client = UsageClient("app", lambda: door, tmp_path, settings=settings, clock=lambda: START)
    client.record_api_calls("l-2")
    fill(client)
    for _ in range(1000):
        client.record_api_calls("l-2")
    door.open.set()
    assert client.close(60) is True
    assert door.totals()["l-2", "api_calls"] == 1001


def test_parent_and_forked_child_share_the_file(tmp_path: Path) -> None:
    """The child's call joins the parent's event, and it sends both; each call counts once."""
    program = """
import os, sys, json
from tests.client.door import Door, START
from yawl_metering import UsageClient
door = Door()
client = UsageClient("app", lambda: door, sys.argv[1], clock=lambda: START)
client.record_api_calls("l-1", 1)
child = os.fork()
if child == 0:
    client.record_api_calls("l-1", 10)
    silent = os.fork()
    if silent == 0:
        os._exit(0 if client._process is None else 1)
    assert os.waitpid(silent, 0)[1] == 0
    print("child", client.close(), door.totals(), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.record_api_calls("l-1", 100)
print("parent", client.close(), door.totals())
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path)],
        env=ENVIRON,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "child True {('l-1', 'api_calls'): Decimal('11')}",
        "parent True {('l-1', 'api_calls'): Decimal('100')}",
    ], done.stderr
    assert left_in(tmp_path) == {}


def test_a_child_that_lives_on_does_not_hold_its_dead_parents_events(api: UsageApi, tmp_path: Path) -> None:
    program = """
import os, sys, signal, time
from tests.client.door import Door, START
from yawl_metering import UsageClient
client = UsageClient("app", Door, sys.argv[1], clock=lambda: START)
client.record_api_calls("l-1", 1)
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, b"x")
    sys.stdin.read()
    os._exit(0)
os.read(read, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path)], env=ENVIRON, stdin=subprocess.PIPE
    ) as parent:
        assert parent.wait(60) == -9
        door = Door()
        with UsageClient("app", lambda: door, tmp_path, clock=lambda: START):
            pass
        assert door.totals() == {("l-1", "api_calls"): 1}


def test_an_app_that_only_ends_has_sent_everything(api: UsageApi, tmp_path: Path) -> None:
    program = """
import sys
from yawl_metering import UsageClient
UsageClient.for_api("app", sys.argv[1], sys.argv[2]).record_api_calls("l-1", 5)
"""
    subprocess.run(
        [sys.executable, "-c", program, api.url, str(tmp_path)], env={**ENVIRON, **CALLER}, check=True, timeout=60
    )
    assert api.counted()["l-1"] == 5
    assert left_in(tmp_path) == {}
