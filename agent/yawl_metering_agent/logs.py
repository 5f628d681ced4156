"""Log lines on standard error: plain, or JSON for a log store."""

import json
import logging
import sys
from typing import Any

from runtime.clock import iso

logger = logging.getLogger("yawl_metering_agent")


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``message``, and the fields that were given."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. An exception is named by its class alone, since its text may quote what was sent."""
        line: dict[str, Any] = {
            "time": iso(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line)


class PlainLines(logging.Formatter):
    """``LEVEL message``; the journal adds the time."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with its fields behind the message."""
        fields = "".join(f" {name}={value}" for name, value in getattr(record, "fields", {}).items())
        error = f" ({record.exc_info[0].__name__})" if record.exc_info and record.exc_info[0] else ""
        return f"{record.levelname} {record.getMessage()}{fields}{error}"


def begin(*, as_json: bool) -> None:
    """Write the lines of the agent and of its client to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else PlainLines())
    for name in ("yawl_metering_agent", "yawl_metering"):
        each = logging.getLogger(name)
        each.handlers, each.propagate = [handler], False
        each.setLevel(logging.INFO)


def note(message: str, level: int = logging.INFO, **fields: object) -> None:
    """A line with fields."""
    logger.log(level, message, extra={"fields": fields})
