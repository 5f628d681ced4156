"""A directory for the files of one run, emptied when taken; two runs at once get two."""

import fcntl
import os
import shutil
from pathlib import Path


class StateDirectory:
    """``<base>/<name>``, or ``<name>-2`` and so on while another process holds that one.

    The lock is the kernel's (flock): it goes with the process that holds it, however that ends.
    """

    def __init__(self, base: Path, name: str) -> None:
        self._base = base
        self._name = name
        self._lock: int | None = None
        self.path: Path | None = None

    def take(self) -> Path:
        """An empty directory, ours until ``release()``."""
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
        """The files stay, for whoever wants to read the logs."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
