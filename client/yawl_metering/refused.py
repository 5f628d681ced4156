"""Refused events are named: in the log, to the app, and whole in a file of bounded size for its owner alone."""

import json
import logging
from pathlib import Path

from yawl_metering.disk import Disk
from yawl_metering.replay import Frozen
from yawl_metering.settings import OnRefused

logger = logging.getLogger("yawl_metering")

FILE, OLDER = "refused.jsonl", "refused.1.jsonl"


class Refused:
    """Shared by the processes of a spool directory: each line is one write."""

    def __init__(self, disk: Disk, root: Path, most_bytes: int, on_refused: OnRefused | None) -> None:
        self._disk, self._root, self._most, self._on_refused = disk, root, most_bytes, on_refused

    def name(self, event: Frozen, reason: str, message: str, at: float) -> None:
        """Raises OSError where the file cannot be written; then nobody was told, and the event must stay."""
        self._keep(event, reason, message, at)
        # the message may repeat what was sent, and users are personal data
        logger.error("usage refused: %s (event %s of customer %s)", reason, event.key[1], event.key[0])
        if self._on_refused is not None:
            try:
                self._on_refused(json.loads(event.text), reason, message)
            except Exception:
                logger.exception("on_refused failed")

    def _keep(self, event: Frozen, reason: str, message: str, at: float) -> None:
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
