"""Which users need not be sent again. Bounded memory of this process; the metering system counts each once anyway.

A user who was recorded is counted for the month, so later calls add nothing. Until then only calls of the same flush
interval are left out: the first may yet be refused (say, as from before the subscription), and the later one counted.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from yawl_metering.replay import EventKey
from yawl_metering.settings import TOLERANCE
from yawl_metering.usage import Usage

_Key = bytes


@dataclass(slots=True)
class _Seen:
    moment: float
    counted: bool = False


class Users:
    """Holds digests only, no names."""

    def __init__(self, most: int, interval: float) -> None:
        self._most, self._interval = most, interval
        self._seen: OrderedDict[_Key, _Seen] = OrderedDict()
        #: events on their way → what they would show
        self._asked: OrderedDict[EventKey, _Key] = OrderedDict()

    def known(self, usage: Usage) -> bool:
        """Whether the call adds nothing."""
        seen = self._seen.get(_key(usage))
        return seen is not None and (seen.counted or 0 <= usage.moment - seen.moment < self._interval)

    def sent(self, usage: Usage, event: EventKey) -> None:
        """An event for this user is on its way."""
        key = _key(usage)
        self._seen[key] = _Seen(usage.moment)
        self._seen.move_to_end(key)
        # at the start of a month a fast clock names the new month where the metering system counts the old one
        if not _month_just_begun(usage.moment):
            self._asked[event] = key
        for memory in (self._seen, self._asked):
            while len(memory) > self._most:
                memory.popitem(last=False)

    def ended(self, event: EventKey, *, counted: bool | None) -> None:
        """The event was recorded, or was not; None: it is in a queue, so that nothing is known."""
        key = self._asked.pop(event, None)
        if key is None or key not in self._seen:
            return
        if counted:
            self._seen[key].counted = True
        elif counted is False:
            del self._seen[key]


def _key(usage: Usage) -> _Key:
    parts = (usage.customer, usage.dimension, _month(usage.moment), usage.user or "")
    return blake2b("\0".join(parts).encode(), digest_size=16).digest()


def _month(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m")


def _month_just_begun(moment: float) -> bool:
    return _month(moment - 2 * TOLERANCE) != _month(moment)
