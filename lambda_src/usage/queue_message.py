"""The messages in which queued usage travels on: what waits, and what was refused. Pure.

Both are bodies of ``POST /usage`` that say something beside ``events``, so that each may be sent again as it is.
They are plain ASCII (JSON's escapes), because SQS takes no message with half a surrogate pair or a control character.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.clock import from_iso, iso
from usage.verdict import Verdict

#: of the events and refusals in one message; less than ``request.MAX_BYTES``, so that it can be sent again
MOST_BYTES = 200 * 1024


@dataclass(frozen=True)
class Judged:
    """An event as it came (its JSON value) and the verdict on it."""

    event: Any
    verdict: Verdict


def waiting_since(body: Mapping[str, Any], now: float) -> float:
    """Since when a waiting message's events wait, epoch seconds; a message that does not say so begins to wait now."""
    try:
        return min(from_iso(body["waitingSince"]), now)
    except (KeyError, TypeError, ValueError, OverflowError):
        return now


def waiting_messages(judged: Sequence[Judged], since: float, sender: str | None) -> Iterator[str]:
    """``{"events", "waitingSince", "sender", "reasons"}``: events to be tried again, and who sent them."""
    for part in _parts(judged):
        reasons = sorted({each.verdict.reason for each in part})
        said = {"waitingSince": iso(since), "sender": sender, "reasons": reasons}
        yield _json({"events": [each.event for each in part], **said})


def refused_messages(judged: Sequence[Judged], *, message_id: str, now: float) -> Iterator[str]:
    """``{"events", "refusals": [{"id", "reason", "message"}], "messageId", "refusedAt"}``: a refusal for each event.

    Raises RecursionError where an event is nested so deep that it could be read but not written.
    """
    for part in _parts(judged):
        events, verdicts = [each.event for each in part], [each.verdict for each in part]
        yield _json({"events": events, **_why(map(_refusal, verdicts), message_id, now)})


def unreadable_message(body: str, refusals: Iterable[Mapping[str, Any]], *, message_id: str, now: float) -> str:
    """``{"body", "refusals", "messageId", "refusedAt"}``: what could not be taken apart, to the letter.

    At most three times as long as the body, which the usage queue bounds; SQS takes 1 MiB.
    """
    return _json({"body": body, **_why(refusals, message_id, now)})


def refusals_of(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    return [_refusal(each.verdict) for each in judged]


def _refusal(verdict: Verdict) -> dict[str, Any]:
    return {"id": verdict.event_id, "reason": verdict.reason, "message": verdict.message}


def _why(refusals: Iterable[Mapping[str, Any]], message_id: str, now: float) -> dict[str, Any]:
    return {"refusals": list(refusals), "messageId": message_id, "refusedAt": iso(now)}


def _parts(judged: Sequence[Judged]) -> Iterator[list[Judged]]:
    """Cut so that each part fits one message; an event that is too large for any is alone."""
    part: list[Judged] = []
    used = 0
    for each in judged:
        size = len(_json(each.event)) + len(_json(_refusal(each.verdict)))
        if part and used + size > MOST_BYTES:
            yield part
            part, used = [], 0
        part.append(each)
        used += size
    if part:
        yield part


def _json(value: Any) -> str:
    """JSON of what was read with numbers as Decimal: the same numbers, not the nearest floats."""
    # no sender can know the mark, so a text of his is never taken for a number
    mark = secrets.token_hex(16)
    text = json.dumps(value, separators=(",", ":"), default=lambda number: f"{mark}{number}")
    return re.sub(f'"{mark}([^"]*)"', r"\1", text)
