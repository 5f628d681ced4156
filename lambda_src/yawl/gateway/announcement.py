"""The body of an announcement (interfaces B and X), read within bounds. Pure.

Java's client posts URL-encoded UTF-8 in any order and names no charset. Only the fields that are kept are decoded:
a case's data and work items hold personal data, can have megabytes, and are passed over.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from yawl.start import Specification

#: Characters of a body as API Gateway hands it on, which takes 10 MB itself; Lambda takes 6 MB.
LARGEST_BODY = 10 * 1024 * 1024
#: Java's client sends at most six.
MOST_FIELDS = 32
#: Bytes of a value; encoded, three times as many. The engine's own columns have 255 characters.
LONGEST_VALUE = 1024
#: Bytes of a case id, which is part of a key (DynamoDB takes 1,024).
LONGEST_CASE_ID = 512

CASE_STARTED = "announceCaseStarted"
ENGINE_INITIALISED = "announceEngineInitialised"
#: Other actions of interface B, with the names that they had before YAWL 2.2; and the numbers of interface X.
OTHERS = frozenset(
    {
        *("announceCaseCompleted", "announceCaseCancelled", "announceCaseDeadlocked", "announceCaseSuspending"),
        *("announceCaseSuspended", "announceCaseResumed", "announceItemStatus", "announceItemEnabled"),
        *("announceItemCancelled", "announceTimerExpiry", "ParameterInfoRequest"),
        *("handleEnabledItem", "cancelWorkItem", "timerExpiry", "announceCompletion"),
        *("0", "1", "2", "3", "6"),
    }
)
_KEPT = frozenset(
    {b"action", b"caseID", b"specidentifier", b"specversion", b"specuri", b"launchingService", b"delayed"}
)


class UnreadableAnnouncement(Exception):
    """The body is no announcement: too large, no form, a field too long, twice or missing. Its text names no value."""


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """What is kept of an announcement. case_id: present where the action is ``CASE_STARTED``."""

    action: str
    case_id: str | None = None
    specification: Specification | None = None
    launching_service: str | None = None
    delayed: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the action is one of YAWL's."""
        return self.action in OTHERS or self.action in (CASE_STARTED, ENGINE_INITIALISED)


def read(body: str, *, is_base64: bool) -> Announcement:
    """The announcement in a request's body. Raises UnreadableAnnouncement."""
    if len(body) > LARGEST_BODY:
        raise UnreadableAnnouncement("the body is too large")
    try:
        raw = base64.b64decode(body, validate=True) if is_base64 else body.encode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError):
        raise UnreadableAnnouncement("the body is not base64") from None
    fields = _fields(raw)
    if not fields.get("action"):
        raise UnreadableAnnouncement("the action is missing")
    case_id = fields.get("caseID") or None
    if fields["action"] == CASE_STARTED and case_id is None:
        raise UnreadableAnnouncement("the case id is missing")
    if case_id is not None and len(case_id.encode()) > LONGEST_CASE_ID:
        raise UnreadableAnnouncement("the case id is too long")
    return Announcement(
        action=fields["action"],
        case_id=case_id,
        specification=_specification(fields),
        launching_service=fields.get("launchingService") or None,
        delayed=fields.get("delayed") == "true",
    )


def _specification(fields: dict[str, str]) -> Specification | None:
    identifier, uri = fields.get("specidentifier", ""), fields.get("specuri", "")
    return Specification(identifier, fields.get("specversion", ""), uri) if identifier or uri else None


def _fields(raw: bytes) -> dict[str, str]:
    """The kept fields by name."""
    found: dict[str, str] = {}
    for name, value in _pairs(raw):
        decoded = unquote_to_bytes(value.replace(b"+", b" ")) if len(value) <= 3 * LONGEST_VALUE else value
        if len(decoded) > LONGEST_VALUE:
            raise UnreadableAnnouncement("a field is too long")
        try:
            text = decoded.decode()
        except UnicodeDecodeError:
            raise UnreadableAnnouncement("a field is not UTF-8") from None
        if found.setdefault(name, text) != text:
            raise UnreadableAnnouncement("a field is given twice")
    return found


def _pairs(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and encoded value of each kept field. A value that is not kept is not copied."""
    start = 0
    for _ in range(MOST_FIELDS):
        end = raw.find(b"&", start)
        end = len(raw) if end < 0 else end
        equals = raw.find(b"=", start, end)
        if equals >= 0:
            name = raw[start : min(equals, start + 32)]
            if name in _KEPT:
                yield name.decode("ascii"), raw[equals + 1 : end]
        if end == len(raw):
            return
        start = end + 1
    raise UnreadableAnnouncement("there are too many fields")
