"""The disk, as the spool uses it. POSIX: locks are flock's, which end with the process, however it ends."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Protocol


class File(Protocol):
    """A file that is appended to."""

    def write(self, data: bytes) -> int:
        """Hands bytes to the operating system: they survive the process. How many it took."""

    def sync(self) -> None:
        """Returns when what was written survives a power cut."""

    def truncate(self, size: int) -> None:
        """Cuts the file to a size."""

    def close(self) -> None:
        """Without sync."""


class Lock(Protocol):
    """Held until released or until the process ends."""

    def release(self) -> None:
        """Let others take it."""


class Disk(Protocol):
    """Paths are absolute. All raise OSError."""

    def make_directory(self, path: Path) -> None:
        """With its parents, readable by its owner only; no error where it exists."""

    def names(self, path: Path) -> list[str]:
        """What a directory holds; nothing where there is none."""

    def create(self, path: Path) -> File:
        """A file to append to; an older one of that name is emptied."""

    def append(self, path: Path) -> File:
        """The file to append to, made if there is none."""

    def read(self, path: Path) -> bytes:
        """The whole file."""

    def size(self, path: Path) -> int:
        """Bytes of a file; 0 where there is none."""

    def rename(self, path: Path, to: Path) -> None:
        """Replaces what was there."""

    def remove(self, path: Path) -> None:
        """No error where there is none."""

    def remove_directory(self, path: Path) -> None:
        """An empty one."""

    def sync_directory(self, path: Path) -> None:
        """Returns when names made, renamed and removed in it survive a power cut."""

    def lock(self, path: Path, *, wait: bool, create: bool) -> Lock | None:
        """None if another holds it, or if there is no such file and none is to be made."""


class _File:
    def __init__(self, path: Path, flags: int) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | flags, 0o600)

    def write(self, data: bytes) -> int:
        return os.write(self._handle, data)

    def sync(self) -> None:
        os.fsync(self._open())

    def truncate(self, size: int) -> None:
        os.ftruncate(self._open(), size)

    def _open(self) -> int:
        if self._handle < 0:
            raise OSError(errno.EBADF, "the file is closed")
        return self._handle

    def close(self) -> None:
        # never the number again: by then it may be another file's
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


_held: set["_Lock"] = set()


def _after_fork_in_child() -> None:
    # what threads of the parent held at the fork: here nobody else would ever let go of it
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_after_fork_in_child)


class _Lock:
    def __init__(self, handle: int) -> None:
        self._handle = handle
        _held.add(self)

    def release(self) -> None:
        # closed, not unlocked: after a fork the lock is the parent's as long as the parent has it open
        _held.discard(self)
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


class RealDisk:
    """The machine's."""

    def make_directory(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def names(self, path: Path) -> list[str]:
        try:
            return sorted(entry.name for entry in path.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def create(self, path: Path) -> File:
        return _File(path, os.O_TRUNC)

    def append(self, path: Path) -> File:
        return _File(path, 0)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def size(self, path: Path) -> int:
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return 0

    def rename(self, path: Path, to: Path) -> None:
        path.replace(to)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def remove_directory(self, path: Path) -> None:
        path.rmdir()

    def sync_directory(self, path: Path) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def lock(self, path: Path, *, wait: bool, create: bool) -> Lock | None:
        try:
            handle = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        return _Lock(handle)
