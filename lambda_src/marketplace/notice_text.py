"""Texts, identifiers and times of a notice, as senders write them. Pure.

Unmistakable variants are read: blanks around a text, an account as a number, JSON that was encoded once more. A field
of the wrong form makes the notice unreadable; one that is absent, null or blank counts as not given.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from runtime.clock import from_iso

#: Identifiers and names are of printable ASCII; this is also what a table's key and a log line may hold.
_PRINTABLE = re.compile(r"[ -~]+")
_ACCOUNT = re.compile(r"\d{12}")
#: How often a message is opened: JSON in a string, an envelope in an envelope.
_DEEPEST = 6
#: The times that are believed: 2001 to 9000, in milliseconds since the epoch; every time zone can show them.
_TIMES = range(978_307_200_000, 221_845_392_000_000)


class Unreadable(ValueError):
    """A notice lacks a field on which its meaning depends. The message names the field and quotes nothing."""


def opened(value: Any) -> Any:
    """JSON, however often it was encoded; a text that is not JSON stays the text. Raises Unreadable if too deep."""
    for _ in range(_DEEPEST):
        if not isinstance(value, str):
            return value
        try:
            value = json.loads(value.strip("\ufeff \t\r\n"))
        except ValueError:
            return value
        except RecursionError:
            raise Unreadable("the message is nested too deeply") from None
    raise Unreadable("the message is encoded too many times")


def part(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A field that is an object; an empty one if it is absent or anything else."""
    value = mapping.get(name)
    return value if isinstance(value, dict) else {}


def text(mapping: Mapping[str, Any], name: str, *, called: str | None = None, longest: int = 256) -> str | None:
    """A field's text without the blanks around it, None if it is absent. Raises Unreadable.

    called: how people call the field, where its name alone is not clear.
    """
    value = mapping.get(name)
    value = value.strip() if isinstance(value, str) else value
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > longest or not _PRINTABLE.fullmatch(value):
        raise Unreadable(f"{called or name} is not a text of at most {longest} printable characters")
    return value


def needed(found: str | None, called: str) -> str:
    """The text that a notice cannot do without. Raises Unreadable."""
    if found is None:
        raise Unreadable(f"{called} is missing")
    return found


def account(mapping: Mapping[str, Any], name: str, *, called: str) -> str | None:
    """An AWS account: 12 digits. A number has lost its leading zeros, and gets them back. Raises Unreadable."""
    value = mapping.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**12:
        return f"{value:012d}"
    found = text(mapping, name, called=called)
    if found is not None and not _ACCOUNT.fullmatch(found):
        raise Unreadable(f"{called} is not an account of 12 digits")
    return found


def milliseconds(value: Any, called: str) -> int:
    """An ISO 8601 time with a zone, in milliseconds since the epoch. Raises Unreadable."""
    try:
        found = round(from_iso(str(value).strip()) * 1000)
    except (ValueError, OverflowError):
        raise Unreadable(f"{called} is missing or not a time with a zone") from None
    if found not in _TIMES:
        raise Unreadable(f"{called} is not a time of these years")
    return found
