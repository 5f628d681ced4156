"""Participants that did something in a month, by the resource service's log; each is one event a month.

Only a hash leaves this file: of the engine's id and the participant's, so that nobody can tell from it that two engines
have the same participant.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.hour import month_of
from runtime.clock import iso
from yawl.engine import Engine
from yawl.log.ports import AnswerTooLarge, ResourceEvent, ResourceLog
from yawl.reconcile.plan import usage_messages
from yawl.start import Specification
from yawl.state.ports import Change, EngineState, Overtaken

#: What the service does to a participant, and not the participant itself (``EventLogger``, the reference's section 4).
NOT_BY_A_PARTICIPANT = frozenset({"offer", "unoffer", "withdraw"})
NO_PARTICIPANTS = frozenset({"system", "admin"})
#: Milliseconds of the log that are read again: its rows are written a moment late.
AGAIN_MS = 3_600_000
#: Seconds for which a participant's mark is kept: longer than events of its month are accepted.
KEPT = 70 * 86_400
#: Marks of one transaction.
AT_ONCE = 50
TRIES = 5


@dataclass(frozen=True)
class User:
    """A participant in a month (``2026-11``), first seen at ``at_ms``."""

    month: str
    hash: str
    at_ms: int

    @property
    def mark(self) -> str:
        return f"user#{self.month}#{self.hash}"


def users_of(events: Iterable[ResourceEvent], engine: Engine, now_ms: int) -> list[User]:
    """The participants of these events, each once a month, by its earliest event. Pure."""
    first: dict[tuple[str, str], int] = {}
    for event in events:
        if event.participant in NO_PARTICIPANTS or event.kind.lower() in NOT_BY_A_PARTICIPANT:
            continue
        if not engine.since * 1000 <= event.at_ms <= now_ms:
            continue
        key = (month_of(event.at_ms / 1000), user_hash(engine, event.participant))
        first[key] = min(event.at_ms, first.get(key, event.at_ms))
    return [User(month, name, at_ms) for (month, name), at_ms in sorted(first.items())]


def user_hash(engine: Engine, participant: str) -> str:
    """The name under which a participant is counted: 32 hex digits."""
    return hashlib.sha256(f"{engine.id}|{participant}".encode()).hexdigest()[:32]


def user_event(user: User, engine: Engine) -> dict[str, Any]:
    """The body of ``POST /usage`` for a participant's month."""
    return {
        "id": f"yawl:{engine.id}:{engine.epoch}:user:{user.month}:{user.hash}@{user.at_ms}",
        "source": engine.source,
        "customerIdentifier": engine.customers[""],
        "dimension": engine.dimensions.users,
        "quantity": 1,
        "occurredAt": iso(user.at_ms / 1000),
        "user": user.hash,
    }


@dataclass(frozen=True, kw_only=True)
class Users:
    """Counts an engine's participants. specifications: of the engine's log."""

    engine: Engine
    log: ResourceLog
    specifications: Callable[[], Sequence[Specification]]
    state: EngineState

    def count(self, until: int, now_ms: int) -> int:
        """Commit the participants that are new in their month. until: ``Progress.users_until``. now_ms: by the clock
        that is behind, ours or the engine's.

        Returns how many were new. Raises the log's and the store's errors; a repetition is safe.
        """
        first = max(int(self.engine.since * 1000), until - AGAIN_MS)
        specifications = self.specifications()
        if not specifications:
            return 0
        found = users_of(self._events(specifications, first, now_ms), self.engine, now_ms)
        added = sum(self._commit(found[position : position + AT_ONCE]) for position in range(0, len(found), AT_ONCE))
        self.state.advance(users_until=now_ms)
        return added

    def _events(self, specifications: Sequence[Specification], first: int, last: int) -> list[ResourceEvent]:
        """The events of the time, of half the specifications at once where they are too many for one answer.

        A shorter time would not help: the service leaves out the beginning if it is given an end (its habit).
        """
        try:
            return list(self.log.events(specifications, first, last))
        except AnswerTooLarge:
            if len(specifications) == 1:
                raise
        middle = len(specifications) // 2
        return [
            event
            for half in (specifications[:middle], specifications[middle:])
            for event in self._events(half, first, last)
        ]

    def _commit(self, users: Sequence[User]) -> int:
        for _ in range(TRIES):
            existing = self.state.marked(user.mark for user in users)
            new = [user for user in users if user.mark not in existing]
            if not new:
                return 0
            events = [user_event(user, self.engine) for user in new]
            marks = {user.mark: user.at_ms // 1000 + KEPT for user in new}
            messages = tuple(usage_messages(self.engine.customers[""], events))
            try:
                self.state.commit(Change(marks=marks, messages=messages))
                return len(new)
            except Overtaken:
                continue
        raise Overtaken("participants are counted by other readers all the time")
