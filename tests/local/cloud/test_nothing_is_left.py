"""However the program that started the local cloud ends: no process and no listening port is left.

Processes are found by the state directory's path, which stands in every command line (Linux's /proc).
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.cloud import ChildFailed, children

pytestmark = pytest.mark.local

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}"}


def _processes(state: Path) -> dict[int, str]:
    """Those that name the directory, with their command lines; zombies have none and are not counted."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(state) in command:
                found[int(entry.name)] = command
    return found


def _refused(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def _all_gone(state: Path, seconds: float = 8) -> dict[int, str]:
    """What is still there after at most so many seconds: nothing, one hopes."""
    deadline = time.monotonic() + seconds
    while (left := _processes(state)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _still_answering(urls: list[str], seconds: float = 8) -> list[str]:
    """The addresses that answer after at most so many seconds.

    The kernel takes a dying process's command line before it closes its sockets: for a moment nothing is found in /proc
    and the port still answers.
    """
    deadline = time.monotonic() + seconds
    while (left := [url for url in urls if not _refused(url)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT, env=ENVIRONMENT, start_new_session=True)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for pid in _processes(tmp_path):
        os.kill(pid, signal.SIGKILL)


def _runner(state: Path) -> list[str]:
    return [sys.executable, str(HERE / "long_runner.py"), str(state)]


def _urls(process: subprocess.Popen[bytes]) -> list[str]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(b"{"):
            return list(json.loads(line)["urls"])
    raise AssertionError("the program ended before it was ready")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_the_end_of_the_parent_ends_everything(state: Path, number: signal.Signals) -> None:
    with _start(_runner(state)) as parent:
        urls = _urls(parent)
        commands = _processes(state).values()
        assert sum("_worker.py" in command for command in commands) == 2
        assert sum("launcher.py" in command for command in commands) == 1
        assert not any(_refused(url) for url in urls)
        parent.send_signal(number)
        parent.wait(timeout=10)
        assert _all_gone(state) == {}
        assert _still_answering(urls) == []


def test_the_end_of_make_ends_everything(state: Path) -> None:
    makefile = state / "Makefile"
    makefile.write_text(f"run:\n\t@exec {' '.join(_runner(state))}\n")
    with _start(["make", "-f", str(makefile), "run"]) as make:
        urls = _urls(make)
        make.terminate()  # make hands it on
        make.wait(timeout=10)
        assert _all_gone(state) == {}
        assert _still_answering(urls) == []


@pytest.mark.parametrize("after", [0.1, 0.35, 0.6, 0.9])
def test_killed_while_it_is_starting(state: Path, after: float) -> None:
    with _start(_runner(state)) as parent:
        time.sleep(after)
        parent.kill()
        parent.wait(timeout=10)
        assert _all_gone(state) == {}


def test_stop_waits_until_all_are_gone(state: Path) -> None:
    command = [sys.executable, "-u", str(HERE / "small_server.py"), str(state)]
    child = children.start("small server", command, log=state / "log", environment=ENVIRONMENT)
    url = child.url(timeout=10)
    child.stop()
    assert _processes(state) == {}
    assert _refused(url)
    child.stop()


def test_what_a_child_leaves_behind_is_ended_with_it(state: Path) -> None:
    leave = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)', '{state}'])"
    )
    with children.start("leaver", [sys.executable, "-c", leave], log=state / "log") as child:
        deadline = time.monotonic() + 8
        while child.alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not child.alive()
    assert _all_gone(state) == {}


def test_a_child_that_ends_before_it_is_ready_shows_its_log(state: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    with (
        children.start("broken server", command, log=state / "log") as child,
        pytest.raises(ChildFailed, match=r"broken server ended with exit code 1[\s\S]*no such thing"),
    ):
        child.url(timeout=10)


def test_a_child_that_never_announces_itself_is_not_waited_for_forever(state: Path) -> None:
    command = [sys.executable, "-c", "import time; print('thinking', flush=True); time.sleep(100)"]
    with (
        children.start("slow server", command, log=state / "log") as child,
        pytest.raises(ChildFailed, match=r"announced no address within 0.5 s[\s\S]*thinking"),
    ):
        child.url(timeout=0.5)
