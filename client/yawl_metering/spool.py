"""What one process has not yet delivered: in memory, and the same on disk, disk first.

Not safe for threads: whoever calls holds the client's lock, except for ``sync``.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yawl_metering.disk import Disk, Lock
from yawl_metering.errors import InvalidUsage, SpoolUnwritable
from yawl_metering.journal import Journal, json_line, line, remove_folder
from yawl_metering.merging import Group, GroupKey, group_key
from yawl_metering.replay import EventKey, Frozen, event_text, freeze
from yawl_metering.settings import Aggregation, Settings
from yawl_metering.usage import Usage, event_body, plain, void_body

logger = logging.getLogger("yawl_metering")

#: the file in a spool's folder whose lock says that its process lives
LOCK = "lock"
#: a journal is not rewritten before it has this size, and then only if half of it has ended
SMALLEST_REWRITE = 1024 * 1024
#: what an event costs in memory and in the journal beside its text
OVERHEAD = 100


@dataclass(slots=True)
class Waiting:
    """A frozen event on its way. ``not_before``: by the monotonic clock. ``answered``: number of the last round in
    which the metering system said something about it."""

    event: Frozen
    attempts: int = 0
    not_before: float = 0.0
    answered: int = 0

    @property
    def size(self) -> int:
        return len(self.event.text) + OVERHEAD


def merged_id() -> str:
    """An id that no process ever gives again."""
    return f"m-{uuid.uuid4().hex}"


class Spool:
    """``live_bytes``: of what is not yet delivered, open groups included."""

    def __init__(
        self, disk: Disk, folder: Path, lock: Lock, settings: Settings, new_id: Callable[[], str] = merged_id
    ) -> None:
        self._disk, self._lock, self._settings, self._new_id = disk, lock, settings, new_id
        self.folder = folder
        self.groups: dict[GroupKey, Group] = {}
        self.waiting: dict[EventKey, Waiting] = {}
        self.live_bytes = 0
        self._numbers = 0
        self._journal = Journal(disk, folder, 1)
        self._sync_lock = threading.Lock()
        self._closed = False
        #: counts writes; what is below ``_synced`` survives a power cut
        self.written = 0
        self._synced = 0

    # --- calls --------------------------------------------------------------------------------------------------------

    @property
    def most_live_bytes(self) -> int:
        return self._settings.max_spool_bytes // 4

    def merges(self, usage: Usage) -> bool:
        """Whether the call would join an open group, which needs no room."""
        group = self.groups.get(group_key(usage, self._settings.flush_interval))
        return group is not None and group.takes(usage.quantity)

    def merge(self, usage: Usage, aggregation: Aggregation, at: float, now: float) -> None:
        """Add a call to its group. Raises SpoolUnwritable."""
        key = group_key(usage, self._settings.flush_interval)
        group = self.groups.get(key)
        if group is not None and group.takes(usage.quantity):
            self._append(line(b"a %d %b" % (group.number, plain(usage.quantity).encode())))
            group.add(usage.quantity)
            return
        if group is not None:
            self._freeze([(key, group)])
        self._open(key, usage, aggregation, at, now)

    def _open(self, key: GroupKey, usage: Usage, aggregation: Aggregation, at: float, now: float) -> None:
        event_id, number = self._new_id(), self._numbers + 1
        body = event_body(usage, event_id, usage.quantity)
        data = json_line("o", {"n": number, "agg": aggregation, "at": at, "event": body})
        self._append(data)
        self._numbers = number
        size = len(data) + OVERHEAD
        self.groups[key] = Group(number, event_id, usage, aggregation, usage.quantity, at, now, size)
        self.live_bytes += size

    def put(self, usage: Usage, event_id: str | None, at: float, not_before: float = 0.0) -> EventKey:
        """A call that is an event of its own. The same again under an id that waits is nothing new. Raises
        SpoolUnwritable; InvalidUsage where the id waits with other content."""
        event = freeze(event_body(usage, event_id or self._new_id(), usage.quantity), at)
        waiting = self.waiting.get(event.key)
        if waiting is None:
            self._put(Waiting(event, not_before=not_before))
        elif waiting.event.text != event.text:
            raise InvalidUsage("this event_id was given to another event")
        return event.key

    def take_back(self, customer: str, event_id: str, source: str, at: float) -> None:
        """An event is to be taken back; once is enough. Raises SpoolUnwritable."""
        void = freeze(void_body(customer, event_id, source), at)
        if void.key not in self.waiting:
            self._put(Waiting(void))

    def _put(self, waiting: Waiting) -> None:
        self._append(_event_line(waiting.event))
        self._wait(waiting)

    def is_held_back(self, waiting: Waiting) -> bool:
        """A void whose event is still on its way: before that has its verdict there is nothing to take back."""
        event = waiting.event.takes_back
        return event is not None and event in self.waiting

    # --- on the way out -----------------------------------------------------------------------------------------------

    def freeze(self, opened_before: float) -> int:
        """Groups opened by then become events. How many. Raises SpoolUnwritable; then all are still open."""
        due = [(key, group) for key, group in self.groups.items() if group.opened <= opened_before]
        if due:
            self._freeze(due)
        return len(due)

    def _freeze(self, due: Sequence[tuple[GroupKey, Group]]) -> None:
        events = [freeze(event_body(group.first, group.event_id, group.total), group.at) for _, group in due]
        self._append(b"".join(map(_event_line, events)))
        for (key, group), event in zip(due, events, strict=True):
            del self.groups[key]
            self.live_bytes -= group.size
            self._wait(Waiting(event))

    def end(self, keys: Iterable[EventKey]) -> None:
        """These need nothing more. Should the disk not take it, they are sent once more after a restart."""
        ended = [key for key in keys if key in self.waiting]
        if not ended:
            return
        for key in ended:
            self.live_bytes -= self.waiting.pop(key).size
        try:
            self._append(json_line("d", ended))
        except OSError as error:
            logger.warning("ended events not noted; they may be sent again: %s", error)

    def asked_to_wait(self, keys: Iterable[EventKey], at: float) -> None:
        """Notes the first time; it decides when they are given up."""
        first = [key for key in keys if key in self.waiting and self.waiting[key].event.waits_since is None]
        if not first:
            return
        for key in first:
            waiting = self.waiting[key]
            waiting.event = Frozen(key, waiting.event.text, waiting.event.at, at)
        try:
            self._append(json_line("r", [at, first]))
        except OSError as error:
            logger.warning("the time of a first retry_later was not noted: %s", error)

    def adopt(self, events: Iterable[Frozen]) -> None:
        """Events of a process that is gone. They survive a power cut when this returns. Raises OSError."""
        new = [event for event in events if event.key not in self.waiting]
        self._append(b"".join(map(_event_line, new)))
        for event in new:
            self._wait(Waiting(event))
        self.sync()

    def _wait(self, waiting: Waiting) -> None:
        self.waiting[waiting.event.key] = waiting
        self.live_bytes += waiting.size

    # --- the file -----------------------------------------------------------------------------------------------------

    def _append(self, data: bytes) -> None:
        if self._closed:
            raise SpoolUnwritable("the spool is closed")
        if self._journal.broken or self._journal.size > max(SMALLEST_REWRITE, 2 * self.live_bytes):
            self.rewrite()
        self._journal.append(data)
        self.written += 1

    def rewrite(self) -> None:
        """A new file of only what is not yet delivered. Raises SpoolUnwritable; then it is tried again before the next
        write."""
        if self._closed:
            raise SpoolUnwritable("the spool is closed")
        lines = [_event_line(waiting.event) for waiting in self.waiting.values()]
        lines += [_group_line(group) for group in self.groups.values()]
        with self._sync_lock:
            try:
                new = Journal(self._disk, self.folder, self._journal.number + 1, lines)
            except OSError as error:
                # the new file may have got its name, and then it counts: what the old one took now would be lost
                self._journal.broken = True
                raise SpoolUnwritable(error.errno, f"the spool could not be rewritten: {error.strerror}") from error
            old, self._journal = self._journal, new
            self._synced = self.written
            old.close()
        self._forget(old)

    def _forget(self, old: Journal) -> None:
        try:
            old.remove()
        except OSError as error:
            logger.warning("an old journal was not removed: %s", error)

    def sync(self, upto: int | None = None) -> None:
        """What was written (or the first ``upto`` writes) survives a power cut. May be called without the lock; one
        fsync serves all that wait for it. Raises OSError."""
        with self._sync_lock:
            written = self.written
            if self._closed or self._synced >= (written if upto is None else upto):
                return
            self._journal.sync()
            self._synced = written

    def close(self) -> None:
        """The lock is let go; an empty spool's folder goes, another is the next process's to deliver."""
        with self._sync_lock:
            self._closed = True
            self._journal.close()
        if not self.groups and not self.waiting:
            try:
                remove_folder(self._disk, self.folder, LOCK)
            except OSError as error:
                logger.warning("an empty spool was not removed: %s", error)
        self._lock.release()

    def abandon(self) -> None:
        """After a fork, in the child: the spool is the parent's."""
        self._journal.close()
        self._lock.release()


def _event_line(event: Frozen) -> bytes:
    since = "" if event.waits_since is None else f',"since":{event.waits_since!r}'
    return line(f'e {{"at":{event.at!r}{since},"event":{event.text}}}'.encode())


def _group_line(group: Group) -> bytes:
    body: dict[str, Any] = event_body(group.first, group.event_id, group.total)
    content = {"n": group.number, "agg": group.aggregation, "at": group.at}
    return line(f'o {event_text(content)[:-1]},"event":{event_text(body)}}}'.encode())
