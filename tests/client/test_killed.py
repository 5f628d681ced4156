"""Real processes on a real disk, killed while they record, freeze, send and wait; the real usage API behind them."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from stacks.synth import ROOT
from tests.client.app import left_in
from tests.client.usage_api import ENVIRONMENT, UsageApi

ENVIRON = {
    **os.environ,
    **ENVIRONMENT,
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "client")]),
    "AWS_EC2_METADATA_DISABLED": "true",
}


def record_and_kill(api: UsageApi, spool: Path, sync: str, calls: int) -> tuple[Counter[str], Counter[str]]:
    """Calls that returned, and that were begun, by customer. Killed after so many have returned."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.client.recorder", api.url, str(spool), sync],
        stdout=subprocess.PIPE,
        env=ENVIRON,
        cwd=ROOT,
    )
    returned: Counter[str] = Counter()
    begun: Counter[str] = Counter()
    assert program.stdout
    with program:
        killed = False
        for line in program.stdout:
            (returned if line.startswith(b">") else begun)[line[1:].decode().strip()] += 1
            if not killed and returned.total() >= calls:
                program.send_signal(signal.SIGKILL)
                killed = True
    assert program.returncode == -signal.SIGKILL
    return returned, begun


def drain(api: UsageApi, spool: Path) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "yawl_metering.drain",
            "--spool",
            str(spool),
            "--endpoint",
            api.url,
        ],
        env=ENVIRON,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("sync", ["interval", "call"])
def test_killed_again_and_again_nothing_is_lost_or_doubled(api: UsageApi, tmp_path: Path, sync: str) -> None:
    chosen = random.Random(7)
    api.fault = lambda number: ("", "lost", "503", "", "lost")[number % 5]
    returned: Counter[str] = Counter()
    begun: Counter[str] = Counter()
    for _ in range(4):
        done, tried = record_and_kill(api, tmp_path, sync, chosen.randrange(30, 1500 if sync == "interval" else 300))
        returned += done
        begun += tried
    api.fault = lambda _: ""
    said = drain(api, tmp_path)
    counted = api.counted()
    for customer in ("l-1", "l-2"):
        assert returned[customer] <= counted[customer] <= begun[customer], (customer, said)
    assert sum(begun.values()) - sum(returned.values()) <= 4 * 3
    assert left_in(tmp_path) == {}, "nothing was refused"
    assert api.unsigned == 0


def test_killed_while_a_request_is_answered(api: UsageApi, tmp_path: Path) -> None:
    """The API has recorded it, and nobody heard: the next process sends the same again."""
    processes: list[int] = []

    def kill(number: int) -> str:
        if processes:
            os.kill(processes.pop(), signal.SIGKILL)
        return "lost"

    api.fault = kill
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.client.recorder", api.url, str(tmp_path), "interval"],
        stdout=subprocess.PIPE,
        env=ENVIRON,
        cwd=ROOT,
    )
    processes.append(program.pid)
    with program:
        assert program.stdout
        lines = program.stdout.read().splitlines()
    assert program.returncode == -signal.SIGKILL
    [before] = [json.loads(body)["events"] for body in api.bodies]
    api.fault = lambda _: ""
    said = drain(api, tmp_path)
    assert "recorded before" in said
    assert not said.startswith("0 found")
    again = [event for body in api.bodies[1:] for event in json.loads(body)["events"]]
    assert all(event in again for event in before), "the same ids and the same content"
    for customer in (b"l-1", b"l-2"):
        counted = api.counted()[customer.decode()]
        assert lines.count(b">" + customer) <= counted <= lines.count(b"<" + customer)


def test_a_drain_that_cannot_send_says_so_and_keeps_everything(api: UsageApi, tmp_path: Path) -> None:
    api.fault = lambda _: "500"
    record_and_kill(api, tmp_path, "interval", 50)
    command = [sys.executable, "-m", "yawl_metering.drain", "--spool", str(tmp_path), "--endpoint", api.url]
    failed = subprocess.run(
        [*command, "--timeout", "0.5"], env=ENVIRON, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert failed.returncode == 1
    assert "HTTP 500" in failed.stderr
    assert not failed.stdout.endswith(" 0 left\n")
    api.fault = lambda _: ""
    drain(api, tmp_path)
    assert api.counted()["l-1"] > 0
