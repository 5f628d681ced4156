"""The program behind ``make run`` as a process of its own, on a small log and in a folder of its own."""

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from local.run import SHIPPED_LOG

PROJECT = Path(__file__).resolve().parents[2]
#: how many hours of the day are replayed
HOURS = 3
#: the cases of the shipped log that are: from two busy weeks, for few buyers of both integrations with real load
CASES = slice(650, 950)


def small_log(target: Path) -> Path:
    """A part of the shipped log."""
    text = gzip.decompress(SHIPPED_LOG.read_bytes()).decode()
    head, *cases = text.removesuffix("</log>\n").split("  <trace>")
    target.write_bytes(gzip.compress(("  <trace>".join([head, *cases[CASES]]) + "</log>\n").encode()))
    return target


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Program:
    """One run; leaving the block kills it.

    ``addresses``, ``left``: where its servers listened and which processes it left, for whoever notes it here.
    """

    def __init__(self, log: Path, out: Path, output: str = "output.txt") -> None:
        self.log = log
        self.out = out
        self.addresses: list[str] = []
        self.left: dict[int, str] = {}
        self.output_file = out.with_name(output)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # as the Makefile has it
        path = f"{PROJECT}:{PROJECT / 'lambda_src'}:{PROJECT / 'marketplace-local'}"
        environment = dict(os.environ, PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1")
        environment |= {"LOG": str(self.log), "SHARE": "1", "HOURS": str(HOURS), "OUT": str(self.out)}
        with self.output_file.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.run"],
                cwd=PROJECT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # as a script has it that starts it in the background
                preexec_fn=ignore_interrupts,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "the program was not started"
        return self._process

    @property
    def output(self) -> str:
        return self.output_file.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, word: str, *, timeout: float) -> None:
        """Until its output has the word. Fails with the output if it ends before, or takes too long."""
        self._wait(lambda: word in self.output, f"{word!r} in its output", timeout)

    def wait_for_file(self, path: Path, *, timeout: float) -> None:
        self._wait(path.exists, str(path), timeout)

    def _wait(self, arrived: Callable[[], bool], what: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not arrived():
            ended = self.process.poll()
            assert ended is None or arrived(), f"ended with {ended} before there was {what}:\n{self.output}"
            assert time.monotonic() < deadline, f"no {what} after {timeout:g} s:\n{self.output}"
            time.sleep(0.02)

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """``kill -9``: no clean-up of its own can run."""
        self.process.kill()
        self.process.wait(timeout=10)

    def end(self, *, timeout: float) -> int:
        """Its exit code. Fails with its output if it does not end in time."""
        try:
            return self.process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout:g} s:\n{self.output}") from None

    def listening(self) -> list[str]:
        """Addresses that its servers have announced in their logs."""
        logs = (self.out / "local" / "marketplace.log", self.out / "local" / "cloud" / "emulator.log")
        found = [re.findall(r'^\{"url".*\}$', log.read_text(encoding="utf-8"), re.MULTILINE) for log in logs]
        assert all(found), f"a server has announced no address: {found}"
        return [json.loads(lines[0])["url"] for lines in found]

    def left_behind(self, seconds: float = 8) -> dict[int, str]:
        """Processes that belong to it and are still there after at most so many seconds.

        Each of them has the folder in its command line or, through a variable, in its environment.
        """
        deadline = time.monotonic() + seconds
        while (left := self._processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _processes(self) -> dict[int, str]:
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                told = command + (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(self.out).encode() in told:
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found


def refuses(url: str) -> bool:
    """Whether nobody listens there."""
    parts = urlsplit(url)
    try:
        socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False
