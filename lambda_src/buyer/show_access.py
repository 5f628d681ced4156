"""``GET /subscribers/{customerIdentifier}/access``: the decision, and for how long a caller may use it. Pure."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from buyer.access import decide
from buyer.access_terms import Access, Question
from ledger.subscriber import Subscriber
from runtime import clock

#: A purchase that was renewed goes on under another key; so many are followed in one answer.
MOST_SUCCESSORS = 3


class Shown(NamedTuple):
    """The answer's body and headers."""

    body: dict[str, Any]
    headers: Mapping[str, str]


def chain(customer: str, get: Callable[[str], Subscriber | None]) -> list[Subscriber | None]:
    """The customer's row, and the rows of the keys that followed it: one read, and another for each renewal."""
    rows = [get(customer)]
    seen = {customer}
    while (key := _next(rows[-1])) is not None and key not in seen and len(rows) <= MOST_SUCCESSORS:
        seen.add(key)
        rows.append(get(key))
    return rows


def access(customer: str, rows: list[Subscriber | None], asked: Question) -> Shown:
    """The decision on these rows of a customer, as JSON; unknown fields are absent. Times are ISO 8601.

    ``staleAfterSeconds`` and ``whenStale`` say how long the caller may go by this answer when it gets no other, and
    what it does then.
    """
    decision = decide(rows, asked)
    first = rows[0]
    advised = next((row.advised_since for row in rows if row is not None and row.advised_since), None)
    body: dict[str, Any] = {
        "customerIdentifier": customer,
        "dimension": asked.dimension or None,
        "allowed": decision.allowed,
        "reason": decision.reason,
        "until": _time(decision.until),
        "knownAt": _time(decision.known_at),
        "doubtedSince": _time(decision.doubted_since),
        "succeededBy": _next(first),
        "decidedBy": decision.customer,
        "advisedSince": advised,
        "staleAfterSeconds": asked.rules.stale_after,
        "whenStale": asked.rules.when_stale,
    }
    body = {name: value for name, value in body.items() if value is not None}
    age = _max_age(decision, asked)
    return Shown(body, {"Cache-Control": f"private, max-age={age}", "ETag": _tag(body)})


def is_known(if_none_match: str | None, shown: Shown) -> bool:
    """Whether the caller has this answer already (RFC 9110, 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return shown.headers["ETag"] in tags or "*" in tags


def _max_age(decision: Access, asked: Question) -> int:
    """Seconds for which the answer may be used again, never beyond the moment at which it changes by itself."""
    if decision.until is None:
        return asked.rules.cache_seconds
    return max(0, min(asked.rules.cache_seconds, int(decision.until - asked.now)))


def _tag(body: Mapping[str, Any]) -> str:
    return f'"{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]}"'


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else clock.iso(int(seconds))


def _next(found: Subscriber | None) -> str | None:
    return found.next_key if found is not None else None
