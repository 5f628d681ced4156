"""Child processes that end with this one: the servers of the local run.

    with children.start("the local cloud", [python, "-u", "launcher.py"], log=path) as child:
        url = child.url(timeout=5)

Each child gets a pipe as its standard input and calls ``stdin_end.end_with_stdin()``. The end of the ``with`` block,
``stop()``, an exception, SIGINT, SIGTERM and ``kill -9`` of this process all close the pipe, and then the child ends
itself and the processes that it has started.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from local.cloud.stdin_end import GRACE


class ChildFailed(RuntimeError):
    """A child ended, or did not become ready in time; the message ends with the tail of its log."""


class Child:
    """One running child, in a process group of its own. ``pid`` is the id of both."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """The id of the process, which is also that of its group."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def url(self, timeout: float) -> str:
        """The address a server announces as one JSON line ``{"url": ...}``.

        Raises ChildFailed if the server ends before that, or has announced nothing after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            alive = self.alive()
            for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("{"):
                    with suppress(ValueError):
                        announced = json.loads(line)
                        if isinstance(announced, dict) and isinstance(announced.get("url"), str):
                            return str(announced["url"])
            if not alive:
                raise ChildFailed(f"{self.name} ended with exit code {self._process.returncode}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ChildFailed(f"{self.name} announced no address within {timeout:g} s\n{self.tail()}")
            time.sleep(0.02)

    def tail(self, lines: int = 30) -> str:
        """The end of the child's log, with its path."""
        text = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"--- {self.log} ---", *text[-lines:]])

    def wait(self) -> int:
        """Waits until the command ends by itself and returns its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """Stops the child and all that it started, and returns when they are gone. A second call does nothing."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=GRACE + 5)
        # The child may have ended by itself and left processes behind, or not heed its standard input.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Child:
    """Starts ``command``, which has to call ``end_with_stdin()``, and returns its Child.

    Both outputs go to ``log``, which starts empty. Without ``environment`` the child inherits ours.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (the caller's own command)
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=directory,
            # The child leaves the terminal's foreground group: Ctrl-C reaches us alone, and we stop it in order.
            start_new_session=True,
        )
    return Child(name, process, log)
