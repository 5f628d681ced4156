"""Refused events, kept for people: whole, in a file of bounded size, readable by its owner only."""

import json
import logging
from pathlib import Path

from yawl_metering.disk import Disk
from yawl_metering.replay import Frozen

logger = logging.getLogger("yawl_metering")

FILE, OLDER = "refused.jsonl", "refused.1.jsonl"


class Refused:
    """Shared by the processes of a spool directory: each line is one write."""

    def __init__(self, disk: Disk, root: Path, most_bytes: int) -> None:
        self._disk, self._root, self._most = disk, root, most_bytes

    def keep(self, event: Frozen, reason: str, message: str, at: float) -> None:
        """Append it. Raises OSError."""
        head = json.dumps({"at": at, "reason": reason, "message": message}, separators=(",", ":"), ensure_ascii=True)
        line = f'{head[:-1]},"event":{event.text}}}\n'.encode("ascii")
        path = self._root / FILE
        if self._disk.size(path) + len(line) > self._most:
            if self._disk.size(self._root / OLDER):
                logger.warning("%s is full: the oldest refused events, those of %s, are dropped", FILE, OLDER)
            self._disk.rename(path, self._root / OLDER)
        file = self._disk.append(path)
        try:
            if file.write(line) != len(line):
                raise OSError("the disk took a part of a line")
            file.sync()
        finally:
            file.close()
