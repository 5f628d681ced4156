"""The client's own thread: runs rounds of delivery when something is due, when room is wanted, and when one flushes."""

import logging
import threading
import time
from collections.abc import Callable

from yawl_metering.delivery import Delivery, Mode
from yawl_metering.spool import Spool

logger = logging.getLogger("yawl_metering")

#: seconds between looks for what dead processes left
ADOPTION = 60.0


class Worker:
    """``changed`` is the client's lock; but for ``start`` and ``stop``, whoever calls holds it."""

    def __init__(
        self, delivery: Delivery, changed: threading.Condition, interval: float, adopt: Callable[[], None]
    ) -> None:
        self._delivery, self._changed, self._adopt = delivery, changed, adopt
        #: longest sleep; a call need not wake the thread, since nothing is due before an interval has passed
        self._nap = interval / 2
        self._stopping = self._hurried = self._flush_at_once = False
        self._flushers = 0
        self._adopt_at = time.monotonic() + ADOPTION
        # a daemon: an app that forgets to close must still be able to end; what is left is on disk
        self._thread = threading.Thread(target=self._run, name="yawl-metering", daemon=True)

    def start(self) -> None:
        """The thread runs until it is stopped."""
        self._thread.start()

    def is_current(self) -> bool:
        """Whether the caller is the thread itself, in a callback."""
        return threading.current_thread() is self._thread

    def hurry(self) -> None:
        """Room is wanted: send what was never tried, unless sending is paused."""
        self._hurried = True
        self._changed.notify_all()

    def flush(self, spool: Spool, deadline: float) -> bool:
        """Returns when each event that is held now is gone (True if all are) or was answered, or at the deadline."""
        if self.is_current():
            return False
        held = {group.event_id for group in spool.groups.values()} | {key[1] for key in spool.waiting}
        before = self._delivery.rounds
        self._flushers += 1
        self._flush_at_once = True
        self._changed.notify_all()
        try:
            while not self._stopping:
                left = [waiting for key, waiting in spool.waiting.items() if key[1] in held]
                frozen = not any(group.event_id in held for group in spool.groups.values())
                # a void may have to wait for its event, which is one of them
                if frozen and all(waiting.answered > before or spool.is_held_back(waiting) for waiting in left):
                    return not left
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    return False
            return False
        finally:
            self._flushers -= 1

    def stop(self, patience: float) -> None:
        """Returns when the thread has ended, or after so many seconds: a request under way is not cut off."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if not self.is_current():
            self._thread.join(patience)

    def _run(self) -> None:
        while True:
            with self._changed:
                mode = self._next()
            if mode is None:
                return
            try:
                self._delivery.round(mode, go_on=lambda: not self._stopping)
                if time.monotonic() >= self._adopt_at:
                    self._adopt_at = time.monotonic() + ADOPTION
                    self._adopt()
            except Exception:
                # a defect of ours must not end delivery for good; what is held is on disk
                logger.exception("a round of delivery failed")
                with self._changed:
                    self._changed.wait(self._nap)

    def _next(self) -> Mode | None:
        """Waits until there is something to do. None: stop."""
        while not self._stopping:
            now = time.monotonic()
            paused = now < self._delivery.paused_until
            if self._flush_at_once or (self._flushers and self._delivery.failing and not paused):
                self._flush_at_once = self._hurried = False
                return "all"
            if self._hurried and not paused:
                self._hurried = False
                return "new"
            due = self._delivery.next_due()
            if (due is not None and due <= now) or now >= self._adopt_at:
                return "due"
            until = [now + self._nap, self._adopt_at, *([due] if due is not None else [])]
            if paused and (self._hurried or self._flushers):
                until.append(self._delivery.paused_until)
            self._changed.wait(max(0.0, min(until) - now))
        return None
