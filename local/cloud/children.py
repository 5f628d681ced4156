"""Child processes that die with us: servers of the local run, started so that nothing of them can be left behind.

    with children.start("marketplace", [sys.executable, "-m", "marketplace_local", "--json"], log=path) as child:
        url = child.url(timeout=5)

A child runs under ``supervisor.py``, which holds the read end of a pipe; the write end lives here. Leaving the ``with``
block, ``stop()``, an exception, SIGINT, SIGTERM or ``kill -9`` of this process: each closes the pipe, and the child is
stopped with its whole process group. If we run below ``make``, the end of make (also by ``kill -9``) ends us too.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from local.cloud.make_watch import end_with_make

SUPERVISOR = Path(__file__).with_name("supervisor.py")
#: seconds between SIGTERM and SIGKILL
GRACE = 1.0


class ChildFailed(RuntimeError):
    """A child ended, or did not become ready in time; the message ends with the tail of its log."""


class Child:
    """One running child. ``pid`` is the supervisor's; the command runs below it, in a process group of its own."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], pipe: int, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._pipe: int | None = pipe

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
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        try:
            self._process.wait(timeout=GRACE + 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
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
    """Starts ``command`` with both outputs in ``log`` (begun afresh). ``environment`` replaces ours where given."""
    end_with_make()
    log.parent.mkdir(parents=True, exist_ok=True)
    read_end, write_end = os.pipe()
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 (the caller's own command)
                [sys.executable, "-I", "-S", str(SUPERVISOR), str(read_end), str(GRACE), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                cwd=directory,
                pass_fds=(read_end,),
                # out of the terminal's foreground group: Ctrl-C reaches us alone, and we stop the child in order
                start_new_session=True,
            )
    except BaseException:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)
    return Child(name, process, write_end, log)
