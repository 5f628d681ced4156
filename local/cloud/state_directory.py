"""A directory for the files of one run. It starts empty, and two runs at the same time get two directories."""

import fcntl
import os
import shutil
from pathlib import Path


class StateDirectory:
    """``<base>/<name>``, or ``<name>-2`` and so on while another process holds that one.

    The lock is the kernel's (flock), which releases it when the process ends in any way.
    """

    def __init__(self, base: Path, name: str) -> None:
        self._base = base
        self._name = name
        self._lock: int | None = None
        self.path: Path | None = None

    def take(self) -> Path:
        """Takes an empty directory until ``release()`` and returns its path."""
        self.release()
        self._base.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = self._base / (self._name if number == 1 else f"{self._name}-{number}")
            lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                number += 1
                continue
            self._lock = lock
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True, exist_ok=True)
            self.path = path.resolve()
            return self.path

    def release(self) -> None:
        """Gives the directory up. Its files stay, because people read the logs in it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
