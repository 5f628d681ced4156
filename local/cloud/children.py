"""Child processes that end with us: the servers of the local run.

    with children.start("the local cloud", [python, "-u", "launcher.py"], log=path) as child:
        url = child.url(timeout=5)

Each child is started with a pipe as its standard input and calls ``stdin_end.end_with_stdin()``. Leaving the ``with``
block, ``stop()``, an exception, SIGINT, SIGTERM or ``kill -9`` of this process: each closes the pipe, and the child
ends itself and the processes that it has started.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
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
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def url(self, timeout: float) -> str:
        """The address a server announces as one JSON line ``{"url": ...}``.

        Raises ChildFailed if it ends before that, or has said nothing after ``timeout`` seconds.
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
        """The command's exit code, once it has ended by itself."""
        return self._process.wait()

    def stop(self) -> None:
        """Stops the child and all it started; returns when they are gone. Safe to call twice."""
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Child:
    """Starts ``command`` and returns its Child; both outputs go to ``log``, which is emptied first.

    ``environment`` replaces ours where it is given. The command has to call ``end_with_stdin()``.
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
