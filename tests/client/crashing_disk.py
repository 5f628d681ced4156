"""A disk in memory whose processes can be killed, and whose power can be cut, at any effect.

A kill keeps what was handed to the operating system. A power cut keeps what was synced, and of the rest as much as
the cut says: a file keeps a share of the bytes that were not synced, directories keep what was named, renamed and
removed without a sync, or do not. It is the strictest reading of POSIX that file systems in use live up to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from yawl_metering.disk import File, Lock


class Crashed(BaseException):
    """The process is no more. Not an Exception: nothing in the code may survive it."""


@dataclass
class Inode:
    content: bytearray = field(default_factory=bytearray)
    synced: bytes = b""


@dataclass
class Machine:
    """The disk itself: names as they are and as they would be after a power cut."""

    names: dict[Path, Inode] = field(default_factory=dict)
    synced_names: dict[Path, Inode] = field(default_factory=dict)
    directories: set[Path] = field(default_factory=set)
    locks: dict[Path, "Mount"] = field(default_factory=dict)
    mounts: list["Mount"] = field(default_factory=list)
    #: bytes on it at most so far
    most_bytes: int = 0

    def process(self) -> "Mount":
        mount = Mount(self)
        self.mounts.append(mount)
        return mount

    def cut_power(self, keep: float, names: bool) -> None:
        """All processes end. keep: the share of bytes, from 0 to 1."""
        for mount in self.mounts:
            mount.kill()
        if not names:
            self.names = dict(self.synced_names)
        self.synced_names = dict(self.names)
        for inode in self.names.values():
            common = inode.content.startswith(inode.synced)
            unsynced = bytes(inode.content[len(inode.synced) :]) if common else b""
            inode.content = bytearray(inode.synced + unsynced[: int(len(unsynced) * keep)])
            inode.synced = bytes(inode.content)

    def files(self) -> set[str]:
        return {path.name for path in self.names}

    def measure(self) -> None:
        self.most_bytes = max(self.most_bytes, sum(len(inode.content) for inode in self.names.values()))


class Mount:
    """A process's view: what ``yawl_metering.disk.Disk`` asks for.

    ``crash_at``: number of the effect at which the process ends, before it (share 0), after it (1), or, where it is a
    write, within it. ``fail``: asked at each effect by its name; what it returns is raised (a write
    that fails has written half).
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.effects = 0
        self.crash_at: int | None = None
        self.share = 0.0
        self.dead = False
        self.fail: Callable[[str], OSError | None] = lambda _: None
        self.seen: list[str] = []

    def kill(self) -> None:
        self.dead = True
        self.machine.locks = {path: holder for path, holder in self.machine.locks.items() if holder is not self}

    def effect(self, name: str, act: Callable[[float], None]) -> None:
        """``act`` gets the share of it that happens."""
        if self.dead:
            raise Crashed
        self.effects += 1
        self.seen.append(name)
        if self.effects == self.crash_at:
            act(self.share)
            self.kill()
            raise Crashed
        error = self.fail(name)
        if error is not None:
            act(0.5 if name == "write" else 0.0)
            raise error
        act(1.0)
        self.machine.measure()

    # --- Disk ---------------------------------------------------------------------------------------------------------

    def make_directory(self, path: Path) -> None:
        self.effect("make_directory", lambda share: self.machine.directories.add(path) if share == 1 else None)

    def names(self, path: Path) -> list[str]:
        inside = {p.relative_to(path).parts[0] for p in self.machine.names if path in p.parents}
        inside |= {p.relative_to(path).parts[0] for p in self.machine.directories if path in p.parents}
        return sorted(inside)

    def create(self, path: Path) -> File:
        return self._open(path, empty=True)

    def append(self, path: Path) -> File:
        return self._open(path, empty=False)

    def _open(self, path: Path, *, empty: bool) -> File:
        def act(share: float) -> None:
            if share == 1 and (empty or path not in self.machine.names):
                self.machine.names[path] = Inode()

        self.effect("create", act)
        return _File(self, self.machine.names[path])

    def read(self, path: Path) -> bytes:
        return bytes(self.machine.names[path].content)

    def size(self, path: Path) -> int:
        return len(self.machine.names[path].content) if path in self.machine.names else 0

    def rename(self, path: Path, to: Path) -> None:
        def act(share: float) -> None:
            if share == 1:
                self.machine.names[to] = self.machine.names.pop(path)

        self.effect("rename", act)

    def remove(self, path: Path) -> None:
        self.effect("remove", lambda share: self.machine.names.pop(path, None) if share == 1 else None)  # type: ignore[func-returns-value]

    def remove_directory(self, path: Path) -> None:
        def act(share: float) -> None:
            if self.names(path):
                raise OSError("not empty")
            if share == 1:
                self.machine.directories.discard(path)

        self.effect("remove_directory", act)

    def sync_directory(self, path: Path) -> None:
        def act(share: float) -> None:
            if share == 1:
                kept = {p: inode for p, inode in self.machine.synced_names.items() if p.parent != path}
                kept |= {p: inode for p, inode in self.machine.names.items() if p.parent == path}
                self.machine.synced_names = kept

        self.effect("sync_directory", act)

    def lock(self, path: Path, *, wait: bool, create: bool) -> Lock | None:
        if path not in self.machine.names:
            if not create:
                return None
            self._open(path, empty=False)
        if path in self.machine.locks:
            assert not wait, "one process at a time runs here: waiting would be for ever"
            return None
        self.machine.locks[path] = self
        return _Lock(self, path)


class _File:
    def __init__(self, mount: Mount, inode: Inode) -> None:
        self._mount, self._inode = mount, inode

    def write(self, data: bytes) -> int:
        def act(share: float) -> None:
            self._inode.content += data[: int(len(data) * share)]

        self._mount.effect("write", act)
        return len(data)

    def sync(self) -> None:
        def act(share: float) -> None:
            if share == 1:
                self._inode.synced = bytes(self._inode.content)

        self._mount.effect("sync", act)

    def truncate(self, size: int) -> None:
        def act(share: float) -> None:
            if share == 1:
                del self._inode.content[size:]

        self._mount.effect("truncate", act)

    def close(self) -> None:
        pass


class _Lock:
    def __init__(self, mount: Mount, path: Path) -> None:
        self._mount, self._path = mount, path

    def release(self) -> None:
        if self._mount.machine.locks.get(self._path) is self._mount:
            del self._mount.machine.locks[self._path]
