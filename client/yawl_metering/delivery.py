"""Brings a spool's events to the metering system and acts on its verdicts. One thread at a time.

An event is frozen and on disk (fsync) before it is first sent, and stays there until its verdict is known. So whatever
dies, the same event is sent again under the same id, and an id counts once. A refused event is named before it goes: in
the log, to the app, and whole in a file of bounded size that its owner alone can read.
"""

import fcntl
import json
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from yawl_metering.database import SpoolUnwritable
from yawl_metering.settings import OnRefused, Settings, Stats
from yawl_metering.spool import Event, Spool
from yawl_metering.transport import Answered, Rejected, Transport, Unavailable, Verdict, pack
from yawl_metering.usage import Users

logger = logging.getLogger("yawl_metering")

#: After so many failures in a row, a round tries no other batch.
FAILURES_IN_A_ROW = 3
GAVE_UP = "gave_up"
REFUSED, OLDER = "refused.jsonl", "refused.1.jsonl"

#: A round sends the events that are due, also those that were never tried (because calls wait for space), or all.
Mode = Literal["due", "untried", "all"]


@dataclass
class _Round:
    """The state of one round. failures: requests in a row that failed. stopped: whether the round sends no more.

    accepted: whether a part of the present batch was answered. suspects: its events that were rejected when sent alone.
    """

    failures: int = 0
    stopped: bool = False
    accepted: bool = False
    suspects: list[tuple[Event, Rejected]] = field(default_factory=list)


class Delivery:
    """What a process holds, and its rounds of sending. Raises OSError where the directory cannot be used.

    clock: the app's, in epoch seconds; now: the spool's; monotonic: for pauses. The one lock is not held during
    requests, and is notified when events were answered.
    """

    def __init__(
        self,
        directory: Path,
        transport: Transport,
        settings: Settings,
        on_refused: OnRefused | None = None,
        clock: Callable[[], float] = time.time,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory, self._transport, self._settings, self._on_refused = directory, transport, settings, on_refused
        self._clock, self._now, self._monotonic, self._jitter = clock, now, monotonic, random.random
        # A ``with`` of the lock itself, not of its condition, cannot be cut in two by a signal's handler.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._stats = Stats()
        self._users = Users(settings.remembered_users, settings.flush_interval)
        self.spool = Spool(
            directory,
            max_bytes=settings.max_spool_bytes,
            sync_calls=settings.sync == "call",
            longest_wait=max(3600.0, settings.longest_backoff),
            now=now,
        )
        #: How many rounds in a row the client broke off.
        self._failed_rounds = 0
        #: Until then, by the monotonic clock, only a round with the mode ``all`` sends.
        self.paused_until = 0.0
        #: Whether each request of the last round was answered.
        self.all_answered = True

    def round(self, mode: Mode = "due", *, should_continue: Callable[[], bool] = lambda: True) -> None:
        """Take and send, each event once. Raises nothing but defects. should_continue: asked before each request."""
        if mode != "all" and self._monotonic() < self.paused_until:
            return
        this = _Round()
        self.all_answered = True
        above = 0
        try:
            upto = self.spool.last()
            while not this.stopped and should_continue() and (events := self._take(mode, above, upto)):
                above = events[-1].number
                for batch in pack(events, one_customer=self._transport.one_customer):
                    if not this.stopped and should_continue():
                        self._send_whole(batch, this)
        except SpoolUnwritable as error:
            self.all_answered = False
            self._not_sent(str(error))
            self._pause()
        else:
            if above and not this.failures:
                self._failed_rounds = 0
        finally:
            self._release()

    def sync(self) -> None:
        """Bring what was recorded to the disk, so that it survives a power cut. Counts and logs a failure."""
        try:
            self.spool.sync()
        except SpoolUnwritable as error:
            self._stats.sync_failures += 1
            logger.error("usage is recorded, but a power cut may take it: %s", error)

    def _take(self, mode: Mode, above: int, upto: int) -> list[Event]:
        try:
            return self.spool.take(above=above, upto=upto, everything=mode == "all", untried=mode == "untried")
        except SpoolUnwritable:
            self._stats.sync_failures += 1
            raise

    def _release(self) -> None:
        try:
            self.spool.release()
        except SpoolUnwritable as error:
            logger.warning("events are sent again when their lease has ended: %s", error)

    def _send_whole(self, batch: Sequence[Event], this: _Round) -> None:
        this.accepted, this.suspects = False, []
        self._send(batch, this)
        for event, rejection in this.suspects:
            # A lone event that is rejected is refused only if others of its batch were accepted. Otherwise it is sent
            # again, with others, since the request itself may be at fault.
            kind: Literal["refused", "retry_later"] = "refused" if this.accepted else "retry_later"
            self._settle([event], [Verdict(kind, rejection.code, rejection.message)])

    def _send(self, batch: Sequence[Event], this: _Round) -> None:
        if this.stopped:
            return
        self._stats.requests += 1
        outcome = self._transport.send(batch)
        if isinstance(outcome, Answered):
            this.failures, this.accepted = 0, True
            self._stats.last_error = ""
            self._stats.last_trace_id = outcome.trace_id
            logger.debug("usage delivered: %d events, trace id %s", len(batch), outcome.trace_id or "unknown")
            self._settle(batch, outcome.verdicts)
        elif isinstance(outcome, Unavailable):
            self._failed(batch, outcome, this)
        elif len(batch) == 1:
            this.suspects.append((batch[0], outcome))
        else:
            middle = len(batch) // 2
            self._send(batch[:middle], this)
            self._send(batch[middle:], this)

    def _failed(self, batch: Sequence[Event], outcome: Unavailable, this: _Round) -> None:
        self._stats.failed_requests += 1
        self.all_answered = False
        self._not_sent(outcome.reason)
        this.failures += 1
        if outcome.everyone or this.failures >= FAILURES_IN_A_ROW:
            this.stopped = True
            self._pause(outcome.after)
        with self._lock:
            self.spool.settle([], [(event, self._later(event, outcome.after), None) for event in batch])
            self._changed.notify_all()

    def _pause(self, least: float = 0.0) -> None:
        self.paused_until = self._monotonic() + max(least, self._backoff(self._failed_rounds))
        self._failed_rounds += 1

    def _not_sent(self, reason: str) -> None:
        if self._stats.last_error != reason:
            logger.warning("usage is not delivered, it is kept and sent again: %s", reason)
        self._stats.last_error = reason

    def _settle(self, batch: Sequence[Event], verdicts: Sequence[Verdict]) -> None:
        at = self._clock()
        ended: list[tuple[Event, bool | None]] = []
        postponed: list[tuple[Event, float, float | None]] = []
        for event, verdict in zip(batch, verdicts, strict=True):
            # Time mends ``in_future``: nothing was stored, and a clock that is ahead is no reason to lose usage.
            waits = verdict.verdict == "retry_later" or verdict.reason == "in_future"
            gave_up = waits and event.waits_since is not None and at - event.waits_since >= self._settings.keep
            if waits and not gave_up:
                self._stats.retry_later += 1
                postponed.append((event, self._later(event), at))
            elif waits or verdict.verdict == "refused":
                if self._refuse(event, verdict, at, gave_up=gave_up):
                    ended.append((event, False))
                else:
                    postponed.append((event, self._later(event), None))
            else:
                setattr(self._stats, verdict.verdict, getattr(self._stats, verdict.verdict) + 1)
                ended.append((event, None if verdict.verdict == "queued" else True))
        with self._lock:
            for event, counted in ended:
                self._users.ended(event.customer, event.id, counted=counted)
            self.spool.settle([event for event, _ in ended], postponed)
            self._changed.notify_all()

    def _refuse(self, event: Event, verdict: Verdict, at: float, *, gave_up: bool) -> bool:
        """Keep the refused event in the file, then name it in the log, the statistics and ``on_refused``.

        False if the file could not take it: then nothing has named it, and it stays in the spool.
        """
        reason = GAVE_UP if gave_up else verdict.reason or "refused"
        message = f"{verdict.reason}: {verdict.message}" if gave_up else verdict.message
        try:
            self._keep(event, reason, message, at)
        except OSError as error:
            self._not_sent(f"a refused event could not be kept: {error}")
            return False
        # The message may repeat what was sent, and users are personal data.
        logger.error("usage refused: %s (event %s of customer %s)", reason, event.id, event.customer)
        self._stats.refused[reason] += 1
        if self._on_refused is not None:
            try:
                self._on_refused(json.loads(event.text), reason, message)
            except Exception:
                logger.exception("on_refused failed")
        return True

    def _keep(self, event: Event, reason: str, message: str, at: float) -> None:
        """Append the event to the file of refused events. Processes share it, so each locks it before it looks at its
        size. Raises OSError."""
        head = json.dumps({"at": at, "reason": reason, "message": message}, separators=(",", ":"))
        line = f'{head[:-1]},"event":{event.text}}}\n'.encode("ascii")
        path, older = self._directory / REFUSED, self._directory / OLDER
        while True:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                held = os.fstat(handle)
                if not path.exists() or not os.path.samestat(held, path.stat()):
                    continue  # Another process has just begun a new file.
                if held.st_size and held.st_size + len(line) > self._settings.refused_bytes:
                    if older.exists():
                        logger.warning(
                            "%s is full: the oldest refused events, those of %s, are dropped", REFUSED, OLDER
                        )
                    path.rename(older)
                    continue
                if os.write(handle, line) != len(line):
                    raise OSError("the disk took a part of a line")
                os.fsync(handle)
                return
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)  # A process that was forked meanwhile has the handle, too.
                os.close(handle)

    def _later(self, event: Event, least: float = 0.0) -> float:
        return self._now() + max(least, self._backoff(event.attempts))

    def _backoff(self, attempts: int) -> float:
        """Seconds: doubled with each attempt up to the longest, anything up to that at random (full jitter), but never
        less than a tenth of the first."""
        settings = self._settings
        most = min(settings.longest_backoff, settings.first_backoff * 2.0 ** min(attempts, 30))
        return max(settings.first_backoff / 10, most * self._jitter())
