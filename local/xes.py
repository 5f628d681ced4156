"""Reads event logs in XES (IEEE 1849), the format in which YAWL and ProM export them, plain or gzip.

The reader streams a log, with one case in memory at a time. A stranger may have made the log: a DTD, an entity or an
external reference ends the reading (``defusedxml``), and so does a file that is not a log. Each failure is one line
that names the file and the fault.

Of an event it reads ``concept:name`` (YAWL: the task), ``lifecycle:transition``, ``org:resource`` and
``time:timestamp`` (XES standard extensions). YAWL's engine writes ``2026-01-12T09:15:00.000+01:00``, its resource
service ``+0100``. A time without a zone counts as UTC.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
#: The default that XES has for an attribute that an exporter cannot fill.
NOT_KNOWN = "UNKNOWN"


class XesError(Exception):
    """The file is not a readable event log. The message is one line that names the file and the fault."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a case.

    position: its number in the case, from 0, as the file has it (skipped events count as well).
    transition: in lower case, ``complete``; empty where the log has no life-cycle.
    resource: the person, None where the log names none. timestamp: UTC.
    size: bytes of the event's attributes, keys and values, as UTF-8.
    """

    position: int
    activity: str
    transition: str
    resource: str | None
    timestamp: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Case:
    """One trace. ``number`` counts from 0 in the log; ``case_id`` need not be unique, because YAWL reuses ids."""

    number: int
    case_id: str
    events: list[Event]


@dataclass
class LogCounts:
    """Counts that grow during the reading. unreadable: the first text that should be a timestamp and is not."""

    cases: int = 0
    events: int = 0
    without_timestamp: int = 0
    unreadable: str = ""
    outside_cases: int = 0
    people: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None


def read_cases(path: Path, counts: LogCounts | None = None) -> Iterator[Case]:
    """Yields the cases in the file's order, and counts and skips events without a readable timestamp.

    Raises XesError, for a truncated file after it has yielded the cases before the fault.
    """
    counts = LogCounts() if counts is None else counts
    with _opened(path) as stream, _one_line_errors(path):
        root: Element | None = None
        depth = 0
        events: list[Event] = []
        position = 0
        for what, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            if what == "start":
                depth += 1
                if root is None:
                    root = element
                    _check_root(root, path)
                continue
            depth -= 1
            name = _local_name(element)
            if depth == 0 and name == "failure":
                raise XesError(f"{path}: not a log but YAWL's answer «{_text(element)}»")
            if name == "event" and depth == 2:
                if event := _event(element, position, counts):
                    events.append(event)
                position += 1
                element.clear()
            elif depth == 1:
                if name == "trace":
                    yield Case(counts.cases, _attribute(element, "concept:name") or f"trace {counts.cases}", events)
                    counts.cases += 1
                    events, position = [], 0
                elif name == "event":
                    counts.outside_cases += 1
                if root is not None and _local_name(root) == "log":
                    root.clear()  # This frees the cases that are done.
        if counts.events == 0:
            raise XesError(f"{path}: {_nothing_to_replay(counts)}")


def _nothing_to_replay(counts: LogCounts) -> str:
    if counts.without_timestamp == 0:
        outside = f", events outside of cases: {counts.outside_cases}" if counts.outside_cases else ""
        return (
            f"no case of the log holds an event (cases: {counts.cases}{outside}): name a log with events in its cases"
        )
    example = f", such as «{counts.unreadable}»" if counts.unreadable else ""
    return (
        f"the log holds no event with a timestamp; {counts.without_timestamp} have none that can be read{example}: each"
        ' needs one like <date key="time:timestamp" value="2026-01-12T09:15:00+01:00"/>'
    )


def _event(element: Element, position: int, counts: LogCounts) -> Event | None:
    values: dict[str, str] = {}
    size = 0
    for attribute in element.iter():
        key, value = attribute.get("key", ""), attribute.get("value", "")
        size += len(key.encode()) + len(value.encode())
    for attribute in element:
        values[attribute.get("key", "")] = attribute.get("value", "").strip()
    text = values.get("time:timestamp", "")
    timestamp = _utc(text)
    if timestamp is None:
        counts.without_timestamp += 1
        counts.unreadable = counts.unreadable or " ".join(text.split())[:40]
        return None
    counts.events += 1
    counts.first = min(counts.first or timestamp, timestamp)
    counts.last = max(counts.last or timestamp, timestamp)
    resource = values.get("org:resource") or None
    if resource == NOT_KNOWN:
        resource = None
    if resource:
        counts.people.add(resource)
    activity = values.get("concept:name") or NOT_KNOWN
    return Event(position, activity, values.get("lifecycle:transition", "").lower(), resource, timestamp, size)


def _utc(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _attribute(element: Element, key: str) -> str | None:
    return next((child.get("value") for child in element if child.get("key") == key), None)


def _local_name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _check_root(element: Element, path: Path) -> None:
    name = _local_name(element)
    if name not in ("log", "failure"):  # YAWL's log gateway answers its errors with HTTP 200 and <failure>
        raise XesError(
            f"{path}: not an event log in XES: the root element is <{name[:60]}>, not <log>: export the log as XES"
        )


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())[:200]


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The file's XML. Its first bytes tell gzip, because names of downloads may be wrong."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if not magic:
                raise XesError(f"{path}: the file is empty: name a log with events")
            if magic == ZIP_MAGIC:
                raise XesError(f"{path}: a zip archive; unpack it and name the log in it")
            if magic.startswith(GZIP_MAGIC):
                with gzip.open(raw) as unpacked:
                    yield unpacked
            else:
                yield raw
    except OSError as error:
        raise XesError(f"{path}: {error.strerror or error}") from error


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except DefusedXmlException as error:
        raise XesError(
            f"{path}: refused, it declares a DTD or entities: take them out, no event log needs them"
        ) from error
    except ParseError as error:
        raise XesError(f"{path}: not well-formed XML, or cut off: {error}: export the log as XES again") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise XesError(f"{path}: the gzip file is damaged or cut off: {error}: get it again") from error
    except (ValueError, LookupError) as error:  # The parser does not have the encoding.
        raise XesError(f"{path}: cannot be read as XML: {error}") from error
