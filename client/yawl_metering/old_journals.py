"""Takes over what versions before the SQLite file have left: a folder ``lane-…`` a process, with a journal in it.

A journal is lines, each with its checksum: ``v 1`` the form · ``o {…}`` calls begin to be merged (number of the group,
event with its first quantity) · ``a 7 2.5`` one more call of group 7 · ``e {…}`` a frozen event, ends its group ·
``r […]`` first asked to wait · ``d […]`` ended. Of several journals the one with the highest number counts. A living
process holds the lock of its folder.
"""

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zlib import crc32

logger = logging.getLogger("yawl_metering")

#: Customer, id and text of an event; epoch seconds of its first call, and of the first answer that asked to wait.
Row = tuple[str, str, str, float, float | None]


class _UnknownForm(Exception):
    """Another version of the client wrote the journal."""


@dataclass
class Journal:
    """What a folder holds. torn: whether the last line is cut off, whose call had not returned. damaged: lines that
    cannot be read. Leaving the context without an exception removes the folder."""

    folder: Path
    lock: int
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    torn: bool = False
    damaged: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                if self.damaged:
                    kept = self.folder.with_name(f"damaged-{self.folder.name}")
                    logger.error(
                        "%d unreadable lines in a spool: calls may be lost; it is kept as %s", self.damaged, kept
                    )
                    self.folder.rename(kept)
                else:
                    # Renaming takes all its files away at once; removing them one by one, an older journal could count.
                    shutil.rmtree(self.folder.rename(self.folder.with_name(f"taken-{self.folder.name}")))
        finally:
            os.close(self.lock)

    def read(self) -> None:
        """Fill in what the folder's journal says. Raises _UnknownForm, OSError."""
        numbers = [int(path.name[8:]) for path in self.folder.glob("journal-*") if path.name[8:].isdigit()]
        if not numbers:
            return
        *lines, last = (self.folder / f"journal-{max(numbers)}").read_bytes().split(b"\n")
        groups: dict[int, dict[str, Any]] = {}
        bad = 0
        for line in lines:
            try:
                if line[:9] != b"%08x " % crc32(line[9:]):
                    raise ValueError("checksum")
                self._apply(line[9:10], line[11:].decode(), groups)
            except (ValueError, KeyError, TypeError, ArithmeticError):
                bad += 1
            else:
                self.damaged, bad = self.damaged + bad, 0
        self.torn = bool(last) or bad > 0
        for group in groups.values():  # No event of an open group was ever sent.
            self._add(group["event"] | {"quantity": f"{group['total']:f}"}, group["at"], None)

    def _apply(self, kind: bytes, content: str, groups: dict[int, dict[str, Any]]) -> None:
        if kind == b"a":
            number, quantity = content.split(" ")
            group, more = groups[int(number)], Decimal(quantity)
            group["total"] = max(group["total"], more) if group["agg"] == "max" else group["total"] + more
        elif kind == b"v":
            if content != "1":
                raise _UnknownForm(content)
        elif kind == b"o":
            value = json.loads(content)
            groups[value["n"]] = value | {"total": Decimal(value["event"]["quantity"])}
        elif kind == b"e":
            value = json.loads(content)
            for ended in [n for n, group in groups.items() if group["event"]["id"] == value["event"].get("id")]:
                del groups[ended]
            self._add(value["event"], value["at"], value.get("since"))
        elif kind == b"r":
            since, keys = json.loads(content)
            for key in map(tuple, keys):
                if key in self.rows:
                    self.rows[key] = (*self.rows[key][:4], since)
        elif kind == b"d":
            for key in map(tuple, json.loads(content)):
                self.rows.pop(key, None)
        else:
            raise ValueError("kind")

    def _add(self, body: dict[str, Any], at: float, since: float | None) -> None:
        key = (body["customerIdentifier"], f"void {body['void']}" if "void" in body else body["id"])
        self.rows[key] = (*key, json.dumps(body, separators=(",", ":")), at, since)


def journals(directory: Path) -> Iterator[Journal]:
    """The journals whose process is gone; the caller uses each as a context."""
    for left_over in directory.glob("taken-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    for folder in sorted(directory.glob("lane-*")):
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        journal = Journal(folder, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            journal.read()
        except BlockingIOError:
            os.close(lock)
        except _UnknownForm as form:
            os.close(lock)
            logger.error("%s was written by another version of the client (form %s); it is left alone", folder, form)
        else:
            yield journal
