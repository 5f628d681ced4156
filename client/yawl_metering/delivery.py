"""Brings a spool's events to the metering system. One thread at a time; the client's lock is held only in between.

The order that nothing may change: an event is frozen and on disk (fsync) before it is first sent, and stays there until
its verdict is known. So whatever dies, the same event is sent again under the same id, and an id counts once.
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from yawl_metering.refused import Refused
from yawl_metering.replay import EventKey, Frozen
from yawl_metering.settings import Settings
from yawl_metering.spool import Spool, Waiting
from yawl_metering.stats import Stats
from yawl_metering.transport import Answered, Rejected, Transport, Unavailable, Verdict, pack
from yawl_metering.users import Users

logger = logging.getLogger("yawl_metering")

#: after as many failures in a row, the others of a round are not tried
FAILURES_IN_A_ROW = 3
GAVE_UP = "gave_up"

Mode = Literal["due", "new", "all"]


@dataclass
class _Round:
    """``witnessed``: the request was answered for another event, so a rejected one is itself to blame."""

    number: int
    failures: int = 0
    stopped: bool = False
    witnessed: bool = False
    suspects: list[tuple[Frozen, Rejected]] = field(default_factory=list)


class Delivery:
    """``changed`` is the client's lock; it is notified when events have ended or were answered."""

    def __init__(
        self,
        spool: Spool,
        transport: Transport,
        users: Users,
        refused: Refused,
        settings: Settings,
        stats: Stats,
        changed: threading.Condition,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._spool, self._transport, self._users, self._refused = spool, transport, users, refused
        self._settings, self._stats, self._changed = settings, stats, changed
        self._clock, self._monotonic, self._jitter = clock, monotonic, jitter
        self._failed_rounds = 0
        #: nothing is sent before, by the monotonic clock, but by ``all``
        self.paused_until = 0.0
        #: rounds so far; an event's ``answered`` is compared with it
        self.rounds = 0

    @property
    def failing(self) -> bool:
        """Whether the last round was broken off."""
        return self._failed_rounds > 0

    def next_due(self) -> float | None:
        """When there is something to do, by the monotonic clock; None if nothing is held. The caller holds the lock."""
        interval = self._settings.flush_interval
        due = [group.opened + interval for group in self._spool.groups.values()]
        spool = self._spool
        due += [waiting.not_before for waiting in spool.waiting.values() if not spool.is_held_back(waiting)]
        return max(min(due), self.paused_until) if due else None

    def round(self, mode: Mode = "due", *, go_on: Callable[[], bool] = lambda: True) -> None:
        """Freeze and send what is due; ``new``: also what is not yet due but was never tried, for room is wanted;
        ``all``: whatever there is. Raises nothing but defects. ``go_on`` is asked before each request."""
        now = self._monotonic()
        with self._changed:
            self.rounds += 1
            this = _Round(self.rounds)
            try:
                self._spool.freeze(now - self._settings.flush_interval if mode == "due" else now)
            except OSError as error:
                self._not_sent(f"the spool could not be written: {error}")
                self._pause()
            paused = mode != "all" and now < self.paused_until
            waiting = self._spool.waiting.values()
            due = [w.event for w in waiting if _wanted(w, mode, now) and not self._spool.is_held_back(w)]
        if paused or not due or not self._safe():
            return
        for batch in pack(due, one_customer=self._transport.one_customer):
            if this.stopped or not go_on():
                break
            this.witnessed = False
            self._send(batch, this)
            self._blame(this)
        if not this.failures:
            self._failed_rounds = 0

    def _safe(self) -> bool:
        """What is to be sent survives a power cut: nothing is sent that could be forgotten, and then sent otherwise."""
        try:
            self._spool.sync()
        except OSError:
            try:
                with self._changed:
                    self._spool.rewrite()  # after a failed fsync only a new file is to be trusted
            except OSError as error:
                self._stats.sync_failures += 1
                self._not_sent(f"the spool could not be synced: {error}")
                self._pause()
                return False
        return True

    def _send(self, batch: Sequence[Frozen], this: _Round) -> None:
        if this.stopped:
            return
        self._stats.requests += 1
        outcome = self._transport.send(batch)
        if isinstance(outcome, Answered):
            this.failures, this.witnessed = 0, True
            self._stats.last_error = ""
            self._take(batch, outcome.verdicts, this)
        elif isinstance(outcome, Unavailable):
            self._failed(batch, outcome, this)
        elif len(batch) == 1:
            this.suspects.append((batch[0], outcome))
        else:
            middle = len(batch) // 2
            self._send(batch[:middle], this)
            self._send(batch[middle:], this)

    def _failed(self, batch: Sequence[Frozen], outcome: Unavailable, this: _Round) -> None:
        self._stats.failed_requests += 1
        self._not_sent(outcome.reason)
        this.failures += 1
        now = self._monotonic()
        if outcome.everyone or this.failures >= FAILURES_IN_A_ROW:
            this.stopped = True
            self._pause(outcome.after)
        with self._changed:
            for event in batch:
                self._postpone(event.key, now, outcome.after)
            self._changed.notify_all()

    def _pause(self, least: float = 0.0) -> None:
        self.paused_until = self._monotonic() + max(least, self._backoff(self._failed_rounds))
        self._failed_rounds += 1

    def _not_sent(self, reason: str) -> None:
        if self._stats.last_error != reason:
            logger.warning("usage is not delivered, it is kept and sent again: %s", reason)
        self._stats.last_error = reason

    def _take(self, batch: Sequence[Frozen], verdicts: Sequence[Verdict], this: _Round) -> None:
        at, now = self._clock(), self._monotonic()
        ended: list[EventKey] = []
        wait: list[tuple[Frozen, Verdict]] = []
        refused: list[tuple[Frozen, Verdict]] = []
        for event, verdict in zip(batch, verdicts, strict=True):
            # ``in_future`` is mended by time: nothing was stored, and a clock that is ahead is no reason to lose usage
            if verdict.verdict == "retry_later" or verdict.reason == "in_future":
                too_old = event.waits_since is not None and at - event.waits_since >= self._settings.keep
                (refused if too_old else wait).append((event, verdict))
            elif verdict.verdict == "refused":
                refused.append((event, verdict))
            else:
                setattr(self._stats, verdict.verdict, getattr(self._stats, verdict.verdict) + 1)
                counted = None if verdict.verdict == "queued" else True
                with self._changed:
                    self._users.ended(event.key, counted=counted)
                ended.append(event.key)
        ended += [event.key for event, verdict in refused if self._refuse(event, verdict, at)]
        self._stats.retry_later += len(wait)
        with self._changed:
            self._spool.end(ended)
            self._spool.asked_to_wait((event.key for event, _ in wait), at)
            for event in batch:
                self._answered(event.key, this)
            for event, _ in wait:
                self._postpone(event.key, now, 0.0)
            self._changed.notify_all()

    def _refuse(self, event: Frozen, verdict: Verdict, at: float) -> bool:
        """Name it everywhere, then it may go. False: it could not be kept, so it is not ended."""
        gave_up = verdict.verdict == "retry_later" or verdict.reason == "in_future"
        reason = GAVE_UP if gave_up else verdict.reason or "refused"
        message = f"{verdict.reason}: {verdict.message}" if gave_up else verdict.message
        try:
            self._refused.name(event, reason, message, at)
        except OSError as error:
            self._not_sent(f"a refused event could not be kept: {error}")
            with self._changed:
                self._postpone(event.key, self._monotonic(), 0.0)
            return False
        self._stats.refused[reason] += 1
        with self._changed:
            self._users.ended(event.key, counted=False)
        return True

    def _blame(self, this: _Round) -> None:
        """Rejected alone: an event's own fault if others of its batch went through. If none did, it need not be its
        fault, so it waits like one that was asked to, and travels with others next time."""
        suspects, this.suspects = this.suspects, []
        for event, rejection in suspects:
            kind = "refused" if this.witnessed else "retry_later"
            self._take([event], [Verdict(kind, rejection.code, rejection.message)], this)  # type: ignore[arg-type]

    def _answered(self, key: EventKey, this: _Round) -> None:
        waiting = self._spool.waiting.get(key)
        if waiting is not None:
            waiting.answered = this.number

    def _postpone(self, key: EventKey, now: float, least: float) -> None:
        waiting = self._spool.waiting.get(key)
        if waiting is not None:
            waiting.not_before = now + max(least, self._backoff(waiting.attempts))
            waiting.attempts += 1

    def _backoff(self, attempts: int) -> float:
        """Seconds: doubled with each attempt up to the longest, anything up to that at random (full jitter), but never
        less than a tenth of the first."""
        settings = self._settings
        most = min(settings.longest_backoff, settings.first_backoff * 2.0 ** min(attempts, 30))
        return max(settings.first_backoff / 10, most * self._jitter())


def _wanted(waiting: Waiting, mode: Mode, now: float) -> bool:
    return mode == "all" or waiting.not_before <= now or (mode == "new" and not waiting.attempts)
