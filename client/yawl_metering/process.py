"""What belongs to one process: its spool, its thread, its memory of users. A fork's child gets one of its own."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from yawl_metering.delivery import Delivery
from yawl_metering.disk import Disk
from yawl_metering.errors import ClientClosed, SpoolFull
from yawl_metering.lanes import adopt_dead, open_lane
from yawl_metering.merging import may_merge
from yawl_metering.refused import Refused
from yawl_metering.settings import Aggregation, OnRefused, Settings
from yawl_metering.spool import OVERHEAD
from yawl_metering.stats import Stats
from yawl_metering.transport import Transport
from yawl_metering.usage import Usage
from yawl_metering.users import Users
from yawl_metering.worker import Worker

logger = logging.getLogger("yawl_metering")

#: more than any event without its texts
_BASIS = 400


class Process:
    """Safe for threads. ``changed`` is the one lock; it is not held during requests or fsync."""

    def __init__(
        self,
        disk: Disk,
        root: Path,
        transport: Transport,
        settings: Settings,
        on_refused: OnRefused | None,
        clock: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._disk, self._root, self._transport, self._settings = disk, root, transport, settings
        self._changed = threading.Condition(threading.Lock())
        self._stats = Stats()
        self._closed = False
        self._users = Users(settings.remembered_users, settings.flush_interval)
        self._spool = open_lane(disk, root, settings)
        self._adopt()
        #: run by the thread that ``start`` starts, or else by whoever has none
        self.delivery = Delivery(
            self._spool,
            transport,
            self._users,
            Refused(disk, root, settings.refused_bytes, on_refused),
            settings,
            self._stats,
            self._changed,
            clock=clock,
            monotonic=monotonic,
        )
        self._worker = Worker(self.delivery, self._changed, settings.flush_interval, self._adopt_again)

    def start(self) -> "Process":
        """From now on usage is delivered. Returns itself."""
        self._worker.start()
        return self

    # --- calls --------------------------------------------------------------------------------------------------------

    def record(self, call: Usage, aggregation: Aggregation, event_id: str | None, at: float) -> None:
        """To the spool, disk first. Raises what ``UsageClient.record`` does."""
        with self._changed:
            self._check_open()
            self._put(call, aggregation, event_id, at)
            self._stats.calls += 1
            written = self._spool.written
        if self._settings.sync == "call":
            self._sync(written)

    def take_back(self, customer: str, event_id: str, source: str, at: float) -> None:
        """To the spool, disk first. Raises what ``UsageClient.void`` does."""
        with self._changed:
            self._check_open()
            self._make_room(len(source))
            self._spool.take_back(customer, event_id, source, at)
            self._stats.calls += 1
            written = self._spool.written
            self._changed.notify_all()
        if self._settings.sync == "call":
            self._sync(written)

    def _put(self, call: Usage, aggregation: Aggregation, event_id: str | None, at: float) -> None:
        spool = self._spool
        if event_id is None and may_merge(aggregation, call):
            if spool.merges(call):
                self._stats.merged += 1
            else:
                self._make_room(_characters(call))
            spool.merge(call, aggregation, at, self._monotonic())
            return
        if event_id is None and aggregation == "distinct" and self._users.known(call):
            self._stats.repeated_users += 1
            return
        self._make_room(_characters(call))
        key = spool.put(call, event_id, at, self._monotonic() + self._settings.flush_interval)
        if aggregation == "distinct":
            self._users.sent(call, key)

    def _make_room(self, characters: int) -> None:
        """Returns when the spool has room for one more event with texts of that length; raises SpoolFull when it has
        none in time."""
        # a character is at most 12 bytes of JSON
        spool, needed = self._spool, OVERHEAD + _BASIS + 12 * characters
        if spool.live_bytes + needed <= spool.most_live_bytes:
            return
        self._stats.waiting_calls += 1
        # the client's own thread makes the room; it must not wait for itself
        patience = 0.0 if self._worker.is_current() else self._settings.when_full_wait
        deadline = time.monotonic() + patience
        self._worker.hurry()
        while spool.live_bytes + needed > spool.most_live_bytes:
            left = deadline - time.monotonic()
            if left <= 0:
                self._stats.full += 1
                why = self._stats.last_error or "usage comes faster than it is taken"
                raise SpoolFull(f"{spool.live_bytes} bytes of usage wait to be delivered: {why}")
            self._changed.wait(left)
            self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosed("the client is closed")

    def _sync(self, written: int) -> None:
        try:
            self._spool.sync(written)
        except OSError as error:
            # raising would ask the app to repeat a call that counts
            logger.error("fsync failed, the spool is written anew: %s", error)
            with self._changed:
                try:
                    self._spool.rewrite()
                except OSError as again:
                    self._stats.sync_failures += 1
                    logger.error("usage is recorded, but a power cut may take it: %s", again)

    # --- delivery -----------------------------------------------------------------------------------------------------

    def flush(self, timeout: float) -> bool:
        """As ``UsageClient.flush``."""
        with self._changed:
            if self._closed:
                return self._empty
            return self._worker.flush(self._spool, time.monotonic() + timeout)

    def close(self, timeout: float) -> bool:
        """As ``UsageClient.close``."""
        with self._changed:
            if self._closed:
                return self._empty
            self._worker.flush(self._spool, time.monotonic() + timeout)
            self._closed = True
            self._changed.notify_all()
        self._worker.stop(1.0)
        with self._changed:
            done = self._empty
            self._spool.close()
        self._transport.close()
        return done

    @property
    def _empty(self) -> bool:
        return not self._spool.waiting and not self._spool.groups

    def stats(self) -> Stats:
        """A copy, of this moment."""
        with self._changed:
            waiting = self._spool.waiting.values()
            return replace(
                self._stats,
                refused=self._stats.refused.copy(),
                pending=len(waiting),
                open_groups=len(self._spool.groups),
                live_bytes=self._spool.live_bytes,
                oldest=min((each.event.at for each in waiting), default=None),
            )

    def _adopt(self) -> None:
        try:
            adopted = adopt_dead(self._disk, self._root, self._spool)
        except OSError as error:
            logger.error("what dead processes left could not be taken over: %s", error)
            return
        self._stats.adopted += adopted.events
        self._stats.torn += adopted.torn
        self._stats.damaged += adopted.damaged
        if adopted.events:
            logger.info("took over %d events of %d processes that are gone", adopted.events, adopted.lanes)

    def _adopt_again(self) -> None:
        with self._changed:
            if not self._closed:
                self._adopt()

    def abandon(self) -> None:
        """After a fork, in the child: spool, lock and connections are the parent's."""
        if not self._closed:
            self._spool.abandon()


def _characters(call: Usage) -> int:
    """Of the texts of a call."""
    return len(call.source) + len(call.user or "") + sum(len(name) + len(value) for name, value in call.tags)
