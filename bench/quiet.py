"""Log lines are written, as in a function, but nowhere."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Let the rooms' loggers write to the null device meanwhile: a figure measures how a line is made, and not a
    terminal."""
    loggers = [logging.getLogger(room) for room in ("metering", "usage", "ledger", "yawl")]
    handlers = [handler for one in loggers for handler in one.handlers if isinstance(handler, logging.StreamHandler)]
    before = [handler.stream for handler in handlers]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        for handler in handlers:
            handler.setStream(nowhere)
        try:
            yield
        finally:
            for handler, stream in zip(handlers, before, strict=True):
                handler.setStream(stream)
