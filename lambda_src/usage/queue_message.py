"""The messages to the waiting queue and to the refused-usage queue. Pure.

Both are bodies of ``POST /usage`` with further fields beside ``events``, so that each may be sent again as it is. They
are plain ASCII (JSON's escapes), because SQS takes no message with half a surrogate pair or a control character.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.clock import from_iso, iso
from usage.request import read_body
from usage.verdict import Verdict

#: The most bytes of the events and refusals in one message: less than ``request.MAX_BYTES``, so that the message can be
#: sent again.
MOST_BYTES = 200 * 1024


@dataclass(frozen=True)
class Judged:
    """An event as its JSON value, and the verdict on it."""

    event: Any
    verdict: Verdict


def waiting_since(body: Mapping[str, Any], now: float) -> float:
    """The moment since when a waiting message's events wait (epoch seconds); now, if the message does not say."""
    try:
        return min(from_iso(body["waitingSince"]), now)
    except (KeyError, TypeError, ValueError, OverflowError):
        return now


def waiting_messages(judged: Sequence[Judged], since: float, sender: str | None) -> Iterator[str]:
    """``{"events", "waitingSince", "sender", "reasons"}``: events to try again, and their sender."""
    for part in _parts(judged):
        reasons = sorted({each.verdict.reason for each in part})
        fields = {"waitingSince": iso(since), "sender": sender, "reasons": reasons}
        yield _json({"events": [each.event for each in part], **fields})


def refused_messages(judged: Sequence[Judged], *, message_id: str, now: float, sender: str | None) -> Iterator[str]:
    """``{"events", "sender", "refusals": [{"id", "reason", "message"}], "messageId", "refusedAt"}``: a refusal for each
    event, and who reported them.

    Raises RecursionError for an event that is nested so deeply that it can be read but not written.
    """
    for part in _parts(judged):
        events, verdicts = [each.event for each in part], [each.verdict for each in part]
        yield _json({"events": events, "sender": sender, **_why(map(_refusal, verdicts), message_id, now)})


def unreadable_message(body: str, refusals: Iterable[Mapping[str, Any]], *, message_id: str, now: float) -> str:
    """``{"body", "refusals", "messageId", "refusedAt"}``: a body that could not be taken apart, unchanged.

    It is at most three times as long as the body, which the usage queue bounds; SQS takes 1 MiB.
    """
    return _json({"body": body, **_why(refusals, message_id, now)})


def tried_again(body: str, now: float, sender: str | None = None) -> str:
    """A message of the waiting queue that tries the events of a refused message or of a dead letter again, for another
    day and with the rights of their sender.

    sender: who sent the message, where it is not one of ours, which names the sender itself. Raises ApiError for a body
    that cannot be read.
    """
    message = read_body(body)
    reasons = sorted({str(refusal["reason"]) for refusal in message.get("refusals", ())})
    fields = {"waitingSince": iso(now), "sender": sender or message.get("sender"), "reasons": reasons}
    return _json({"events": message["events"], **fields})


def refusals_of(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """A refusal, ``{"id", "reason", "message"}``, for each of these events."""
    return [_refusal(each.verdict) for each in judged]


def _refusal(verdict: Verdict) -> dict[str, Any]:
    return {"id": verdict.event_id, "reason": verdict.reason, "message": verdict.message}


def _why(refusals: Iterable[Mapping[str, Any]], message_id: str, now: float) -> dict[str, Any]:
    return {"refusals": list(refusals), "messageId": message_id, "refusedAt": iso(now)}


def _parts(judged: Sequence[Judged]) -> Iterator[list[Judged]]:
    """The events in parts that fit one message each; an event that is too large is alone."""
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
    """JSON of a value whose numbers are Decimals: exactly these numbers, not the nearest floats."""
    # No sender can know the mark, so no text of an event is taken for a number.
    mark = secrets.token_hex(16)
    text = json.dumps(value, separators=(",", ":"), default=lambda number: f"{mark}{number}")
    return re.sub(f'"{mark}([^"]*)"', r"\1", text)
