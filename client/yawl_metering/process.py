"""What belongs to one process: its part of the spool, its thread, its memory of users. A fork's child gets its own."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from yawl_metering.database import SpoolUnwritable
from yawl_metering.delivery import Delivery, Mode
from yawl_metering.settings import Aggregation, OnRefused, Settings, Stats
from yawl_metering.spool import VOID, Event, Held, SpoolFull
from yawl_metering.transport import Transport
from yawl_metering.usage import (
    LARGEST_MERGED,
    InvalidUsage,
    Usage,
    event_text,
    micro_of,
    slot_of,
    void_text,
)

logger = logging.getLogger("yawl_metering")

#: Seconds between looks for what processes have left that are gone.
ADOPTION = 60.0
#: Seconds after which a call that waits for room looks again: another process may have made it.
LOOK_AGAIN = 0.1


class ClientClosed(RuntimeError):
    """The client was closed: nothing was recorded."""


class Process(Delivery):
    """Takes the app's calls and sends them in a thread of its own. Safe for threads."""

    def __init__(
        self,
        directory: Path,
        transport: Transport,
        settings: Settings,
        on_refused: OnRefused | None = None,
        **clocks: Callable[[], float],
    ) -> None:
        super().__init__(directory, transport, settings, on_refused, **clocks)
        self._adopt()
        self._held, self._delivered = Held(0, 0, 0, 0, None), False
        self._closed = self._stopping = self._flush_wanted = self._room_wanted = False
        self._begun = self._ended = 0
        # A daemon: an app that forgets to close must still be able to end; what is left is on disk.
        self._thread = threading.Thread(target=self._run, name="yawl-metering", daemon=True)

    def start(self) -> "Process":
        """Start the thread that delivers usage. Returns itself."""
        self._thread.start()
        return self

    # --- calls --------------------------------------------------------------------------------------------------------

    def record(self, call: Usage, aggregation: Aggregation, event_id: str | None, at: float) -> None:
        """Write a call to the spool. Raises what ``UsageClient.record`` does."""
        with self._lock:
            self._check_open()
            merges = aggregation != "distinct" and call.user is None and call.quantity <= LARGEST_MERGED
            if event_id is None and merges:
                self._merge(call, aggregation, at)
            elif event_id is None and aggregation == "distinct" and self._users.repeats(call):
                self._stats.repeated_users += 1
            else:
                name = event_id or _new_id()
                self._put(Event(0, call.customer, name, event_text(call, name, call.quantity), at))
                if aggregation == "distinct":
                    self._users.recorded(call, name)
            self._stats.calls += 1

    def record_ready(self, customer: str, event_id: str, text: str, at: float) -> None:
        """Write an event that is ready to the spool. Raises what ``UsageClient.record_event`` does."""
        with self._lock:
            self._check_open()
            self._put(Event(0, customer, event_id, text, at))
            self._stats.calls += 1

    def take_back(self, customer: str, event_id: str, source: str, at: float) -> None:
        """Write a void to the spool. Raises what ``UsageClient.void`` does."""
        with self._lock:
            self._check_open()
            self._put(Event(0, customer, f"{VOID}{event_id}", void_text(customer, event_id, source), at), at_once=True)
            self._stats.calls += 1
            self._changed.notify_all()

    def _merge(self, call: Usage, aggregation: Aggregation, at: float) -> None:
        highest, micro = aggregation == "max", micro_of(call.quantity)
        slot = slot_of(call, aggregation, self._settings.flush_interval)
        if self.spool.join(slot, micro, highest=highest):
            self._stats.merged += 1
            return
        name = _new_id()
        event = Event(0, call.customer, name, event_text(call, name, None), at)
        due = self._now() + self._settings.flush_interval
        self._with_room(lambda: self.spool.open(slot, micro, event, due, highest=highest))

    def _put(self, event: Event, *, at_once: bool = False) -> None:
        due = self._now() + (0.0 if at_once else self._settings.flush_interval)

        def put() -> None:
            if not self.spool.put(event, due) and not at_once:
                raise InvalidUsage("this event_id was given to another event")

        self._with_room(put)

    def _with_room(self, write: Callable[[], None]) -> None:
        """Writes as soon as there is room for one more event; raises SpoolFull when there is none in time."""
        deadline = None
        while True:
            try:
                return write()
            except SpoolFull as full:
                if deadline is None:
                    self._stats.waiting_calls += 1
                    # The client's own thread makes the room; it must not wait for itself.
                    patience = 0.0 if self._is_own_thread() else self._settings.when_full_wait
                    deadline = time.monotonic() + patience
                    self._room_wanted = True
                    self._changed.notify_all()
                left = deadline - time.monotonic()
                if left <= 0:
                    self._stats.full += 1
                    why = self._stats.last_error or "usage comes faster than it is taken"
                    raise SpoolFull(f"{full}: {why}") from None
                self._changed.wait(min(left, LOOK_AGAIN))
                self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosed("the client is closed")

    # --- delivery -----------------------------------------------------------------------------------------------------

    def flush(self, timeout: float) -> bool:
        """Does what ``UsageClient.flush`` does."""
        with self._lock:
            if not self._closed:
                self._delivered = self._flush(time.monotonic() + timeout)
            return self._delivered

    def _flush(self, deadline: float) -> bool:
        try:
            return self._flush_until(deadline)
        except SpoolUnwritable as error:
            self._not_sent(str(error))
            return False

    def _flush_until(self, deadline: float) -> bool:
        upto = self.spool.last()
        while (held := self.spool.held(upto)).frozen + held.open:
            if self._stopping or self._is_own_thread():
                return False
            wanted, self._flush_wanted = self._begun + 1, True
            self._changed.notify_all()
            while self._ended < wanted:
                if self._stopping or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    return False
            held = self.spool.held(upto)
            if self.all_answered:
                if not held.untried:
                    return not held.frozen + held.open
                pause = LOOK_AGAIN / 2  # A void may be due now, or another process is sending.
            else:
                pause = max(self.paused_until - time.monotonic(), self._settings.first_backoff)
            self._sleep(min(pause, deadline - time.monotonic()))
        return True

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and (left := until - time.monotonic()) > 0:
            self._changed.wait(left)

    def close(self, timeout: float) -> bool:
        """Does what ``UsageClient.close`` does."""
        with self._lock:
            if self._closed:
                return self._delivered
            self._delivered = self._flush(time.monotonic() + timeout)
            self._closed = self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive() and not self._is_own_thread():
            self._thread.join(1.0)  # A request under way is not cut off.
        self._look()
        self.spool.close()
        self._transport.close()
        return self._delivered

    def stats(self) -> Stats:
        """A copy of the counts, of this moment."""
        with self._lock:
            stats = replace(self._stats, refused=self._stats.refused.copy())
            stats.damaged, stats.torn = self.spool.damaged, self.spool.torn
            if not self._closed:
                self._look()
            stats.pending, stats.open_groups = self._held.frozen, self._held.open
            stats.live_bytes, stats.oldest = self._held.bytes, self._held.oldest
            return stats

    def _look(self) -> None:
        with suppress(SpoolUnwritable):
            self._held = self.spool.held()

    def _adopt(self) -> None:
        try:
            adopted = self.spool.adopt()
        except OSError as error:
            logger.error("what processes left that are gone could not be taken over: %s", error)
            return
        self._stats.adopted += adopted
        if adopted:
            logger.info("took over %d events of processes that are gone", adopted)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _is_own_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        nap = self._settings.flush_interval / 2
        adopt_at, sync_at = time.monotonic() + ADOPTION, time.monotonic() + nap
        while not self._stopping:
            try:
                with self._lock:
                    mode = self._next(min(adopt_at, sync_at))
                if mode is not None:
                    try:
                        self.round(mode, should_continue=lambda: not self._stopping)
                    finally:
                        with self._lock:
                            self._ended += 1
                            self._changed.notify_all()
                if time.monotonic() >= sync_at and not self._stopping:
                    sync_at = time.monotonic() + nap
                    self.sync()
                if time.monotonic() >= adopt_at and not self._stopping:
                    adopt_at = time.monotonic() + ADOPTION
                    self._adopt()
            except Exception as error:
                # Neither the disk nor a defect of ours may end delivery for good; what is held is on disk.
                if isinstance(error, SpoolUnwritable):
                    self._not_sent(str(error))
                else:
                    logger.exception("a round of delivery failed")
                with self._lock:
                    self._sleep(min(nap, 1.0))

    def _next(self, until: float) -> Mode | None:
        """Waits until there is something to send, or until then; None: nothing to send."""
        while not self._stopping:
            now = time.monotonic()
            paused = self.paused_until - now
            mode: Mode | None = None
            if self._flush_wanted:
                mode = "all"
            elif self._room_wanted and paused <= 0:
                mode = "untried"
            else:
                due = self.spool.next_due()
                wait = max(paused, until - now if due is None else due - self._now())
                if wait <= 0:
                    mode = "due"
            if mode is not None:
                self._begun += 1
                self._flush_wanted = self._room_wanted = False
                return mode
            if now >= until:
                return None
            room = paused if self._room_wanted else wait
            self._changed.wait(min(until - now, wait, room))
        return None


def _new_id() -> str:
    """An id that no process ever gives again."""
    return f"m-{uuid.uuid4().hex}"
