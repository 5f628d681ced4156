"""What a room's logger wrote. Powertools holds on to the stream of its import, past pytest's own capture."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger


@contextmanager
def log_lines(logger: Logger) -> Iterator[io.StringIO]:
    """The text that the logger writes inside."""
    written = io.StringIO()
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    try:
        yield written
    finally:
        handler.setStream(before)
