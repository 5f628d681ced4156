"""May a customer use the product now? Asked of the metering system, and remembered for as long as its answers hold."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self
from urllib.parse import quote, urlencode

from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.session import Session

from yawl_metering.signed import SignedApi
from yawl_metering.usage import customer_of

#: Seconds after a failed request in which the API is not asked again for the same question, unless it says otherwise.
PAUSE = 5.0


@dataclass(frozen=True, kw_only=True)
class Access:
    """Whether a customer may use the product (or a dimension of it), and why: a stable word of docs/access.md.

    until: for how long that is known to hold. known_at: when the metering system last learnt something of the customer.
    asked_at: when the API gave this answer. Times are epoch seconds, None where unknown. remembered: the API did not
    answer now, so this rests on its last answer, or on none.
    """

    allowed: bool
    reason: str
    until: float | None = None
    known_at: float | None = None
    advised_since: float | None = None
    succeeded_by: str | None = None
    asked_at: float | None = None
    remembered: bool = False

    def __bool__(self) -> bool:
        """Whether the customer may."""
        return self.allowed


class AccessUnknown(RuntimeError):
    """The API did not answer, and has never answered this question; or it refused the request."""


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """An answer. fresh_until: it is used without asking. stale_at: from then on ``when_stale`` decides."""

    access: Access
    tag: str | None
    fresh_until: float
    stale_at: float
    when_stale: str


class AccessClient:
    """Asks ``GET /subscribers/{customer}/access``. Safe for threads.

    endpoint: the output ``ApiUrl``. when_unknown: what to answer as long as the API has never answered: ``refuse``,
    ``allow``, or ``raise`` (AccessUnknown). remembered: the most answers that are kept. timeout: seconds of one
    request; short, because a user waits. clock: epoch seconds.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        region: str | None = None,
        session: Session | None = None,
        when_unknown: Literal["refuse", "allow", "raise"] = "raise",
        remembered: int = 10_000,
        timeout: int = 3,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if when_unknown not in ("refuse", "allow", "raise"):
            raise ValueError('when_unknown must be "refuse", "allow" or "raise"')
        self._api = SignedApi(endpoint, region=region, session=session, timeout=timeout)
        self._when_unknown, self._most, self._clock = when_unknown, remembered, clock
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._not_before: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def may_use(self, customer: str, dimension: str | None = None) -> Access:
        """Whether the customer may use the product now, or this dimension of it.

        An answer is used again for as long as the API says. When the API does not answer, its last answer holds on for
        the stage's ``staleAfterHours``; then the stage's ``whenStale`` decides. Raises InvalidUsage for what is no
        billing key, and AccessUnknown.
        """
        key = (customer_of(customer), dimension or "")
        now = self._clock()
        with self._lock:
            kept = self._kept.get(key)
            paused = now < self._not_before.get(key, 0.0)
        if kept is not None and now < kept.fresh_until:
            return kept.access
        why = "the API did not answer a moment ago"
        if not paused:
            answer = self._ask(key, kept, now)
            if isinstance(answer, _Kept):
                self._keep(key, answer)
                return answer.access
            why = answer
        return self._without_answer(kept, now, why)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, key: tuple[str, str], kept: _Kept | None, now: float) -> _Kept | str:
        """The API's answer, or why there is none. Raises AccessUnknown if it refuses the request."""
        customer, dimension = key
        path = f"/subscribers/{quote(customer, safe='')}/access"
        query = f"?{urlencode({'dimension': dimension}, quote_via=quote)}" if dimension else ""
        sent = {"If-None-Match": kept.tag} if kept is not None and kept.tag else {}
        try:
            status, headers, content = self._api.send("GET", f"{path}{query}", sent)
        except (BotoCoreError, HTTPClientError, OSError) as error:
            # The error's own words may hold an address or a path.
            return self._failed(key, type(error).__name__, PAUSE, now)
        if status == 304 and kept is not None:
            return replace(
                kept,
                access=replace(kept.access, asked_at=now),
                fresh_until=now + _max_age(headers),
                stale_at=now + (kept.stale_at - (kept.access.asked_at or now)),
            )
        if status == 200:
            found = _read(content, headers, now)
            return found if found is not None else self._failed(key, "an answer that is not the API's", PAUSE, now)
        if status in (429, 403) or status >= 500:
            return self._failed(key, f"HTTP {status}", _after(headers), now)
        raise AccessUnknown(f"the API refuses the question: HTTP {status}")

    def _failed(self, key: tuple[str, str], why: str, pause: float, now: float) -> str:
        with self._lock:
            self._not_before[key] = now + pause
            self._not_before.move_to_end(key)
            while len(self._not_before) > self._most:
                self._not_before.popitem(last=False)
        return why

    def _keep(self, key: tuple[str, str], answer: _Kept) -> None:
        with self._lock:
            self._not_before.pop(key, None)
            self._kept[key] = answer
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def _without_answer(self, kept: _Kept | None, now: float, why: str) -> Access:
        if kept is None:
            if self._when_unknown == "raise":
                raise AccessUnknown(f"nothing is known of this customer: {why}")
            return Access(allowed=self._when_unknown == "allow", reason="stale", remembered=True)
        last = kept.access
        if last.reason == "ending" and last.until is not None and now >= last.until:
            # The end is certain, whatever the API would say.
            return replace(last, allowed=False, reason="ended", until=None, remembered=True)
        if now < kept.stale_at:
            return replace(last, remembered=True)
        # Whoever fails open goes by what was allowed last, and opens nothing that was refused.
        allowed = last.allowed and kept.when_stale == "allow"
        return replace(last, allowed=allowed, reason="stale", until=None, remembered=True)


def _read(content: bytes, headers: Mapping[str, str], now: float) -> _Kept | None:
    try:
        body = json.loads(content)
        access = Access(
            allowed=body["allowed"] is True,
            reason=str(body["reason"]),
            until=_time(body, "until"),
            known_at=_time(body, "knownAt"),
            advised_since=_time(body, "advisedSince"),
            succeeded_by=body.get("succeededBy"),
            asked_at=now,
        )
        return _Kept(
            access=access,
            tag=headers.get("ETag"),
            fresh_until=now + _max_age(headers),
            stale_at=now + float(body["staleAfterSeconds"]),
            when_stale=str(body["whenStale"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _time(body: Mapping[str, Any], name: str) -> float | None:
    return datetime.fromisoformat(body[name].replace("Z", "+00:00")).timestamp() if body.get(name) else None


def _max_age(headers: Mapping[str, str]) -> float:
    for part in headers.get("Cache-Control", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "max-age" and value.isdecimal():
            return float(value)
    return 0.0


def _after(headers: Mapping[str, str]) -> float:
    try:
        return min(max(float(headers.get("Retry-After", PAUSE)), 1.0), 60.0)
    except ValueError:
        return PAUSE
