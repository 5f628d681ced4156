"""The file that holds what is not yet delivered: lines, each with its checksum, appended and never changed.

``v 1`` the form · ``o {…}`` calls begin to be merged (group number, id, event with the first quantity) · ``a 7 2.5``
one more call of group 7 · ``e {…}`` a frozen event, as it is sent; ends the group of its id · ``r […]`` first asked to
wait · ``d […]`` ended. A new file is written beside the old one and takes its place by renaming, whole or not at all.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

from yawl_metering.disk import Disk
from yawl_metering.errors import SpoolUnwritable

FORM = b"v 1"
_PREFIX, _NEW = "journal-", ".new"


def line(payload: bytes) -> bytes:
    """A payload with its checksum."""
    return b"%08x %b\n" % (crc32(payload), payload)


def json_line(kind: str, content: Any) -> bytes:
    """A line whose content is JSON."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    return line(f"{kind} {text}".encode())


@dataclass
class Contents:
    """``torn``: the last line is not whole, so the call that wrote it never returned. ``damaged``: unreadable lines
    before a good one, which nothing but a failing disk explains."""

    payloads: list[bytes] = field(default_factory=list)
    damaged: int = 0
    torn: bool = False


def read(content: bytes) -> Contents:
    """Every line whose checksum holds."""
    *lines, last = content.split(b"\n")
    found = Contents(torn=bool(last))
    bad = 0
    for text in lines:
        payload = text[9:]
        if text[:9] == b"%08x " % crc32(payload):
            found.payloads.append(payload)
            found.damaged += bad
            bad = 0
        else:
            bad += 1
    found.torn = found.torn or bad > 0
    return found


def newest(names: Iterable[str]) -> int:
    """Number of the journal that counts: a higher one was written whole before it got its name. 0 if there is none."""
    numbers = [name[len(_PREFIX) :] for name in names if name.startswith(_PREFIX) and not name.endswith(_NEW)]
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def path_of(folder: Path, number: int) -> Path:
    """The file of a journal."""
    return folder / f"{_PREFIX}{number}"


def remove_folder(disk: Disk, folder: Path, lock: str) -> None:
    """A folder of which nothing counts any more. The file that counted goes after older ones, which must not come to
    count again; the lock's goes last. Raises OSError."""
    names = disk.names(folder)
    counting = path_of(folder, newest(names)).name
    for name in sorted(names, key=lambda name: (name == lock, name == counting)):
        disk.remove(folder / name)
    disk.remove_directory(folder)


class Journal:
    """``size`` in bytes. After a write that the disk did not take in full, it is as it was before."""

    def __init__(self, disk: Disk, folder: Path, number: int, lines: Iterable[bytes] = ()) -> None:
        self._disk, self._folder, self.number = disk, folder, number
        path = path_of(folder, number)
        new = folder / f"{path.name}{_NEW}"
        self.size = 0
        #: nothing more may be appended: a failed write could not be taken back, or a newer file may count
        self.broken = False
        self._file = disk.create(new)
        try:
            self.append(b"".join((line(FORM), *lines)))
            self._file.sync()
            disk.rename(new, path)
            disk.sync_directory(folder)
        except BaseException:
            self._file.close()
            raise

    def append(self, data: bytes) -> None:
        """Raises SpoolUnwritable; then nothing of the data counts."""
        if self.broken:
            raise SpoolUnwritable("the spool's file could not be mended after a failed write")
        done = 0
        try:
            while done < len(data):
                taken = self._file.write(data[done:] if done else data)
                if taken <= 0:
                    raise OSError("the disk took nothing")
                done += taken
        except BaseException as error:
            # also what a signal handler throws: a call that raises is not recorded
            self._cut_back()
            if not isinstance(error, OSError):
                raise
            raise SpoolUnwritable(error.errno, f"the spool could not be written: {error.strerror or error}") from error
        self.size += len(data)

    def _cut_back(self) -> None:
        try:
            self._file.truncate(self.size)
        except OSError:
            self.broken = True

    def sync(self) -> None:
        """What was appended survives a power cut."""
        self._file.sync()

    def close(self) -> None:
        """Without sync."""
        self._file.close()

    def remove(self) -> None:
        """Its file."""
        self._disk.remove(path_of(self._folder, self.number))
