"""An object of the access logs becomes usage, once.

An engine's traffic in an object is committed in one transaction: the object's mark, which must be new, and the message
that bills it. So a crash before leaves nothing, and the notice comes again; a crash after it leaves the message, whose
content and customer are fixed, and the repeated notice sends it. A repeat of an object that was committed changes
nothing, whatever became of the stage file or of the object since.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from runtime.pause import Pause, full_jitter
from yawl.access_logs.notice import LogObject, UnreadableAccessLog, engines_of, read_notice
from yawl.access_logs.read_object import Stream, lines_of
from yawl.access_logs.tally import Tally, Traffic, tally
from yawl.access_logs.usage_events import customer_of, usage_events
from yawl.engine import NO_DATABASE, Engine
from yawl.reconcile import outbox
from yawl.reconcile.plan import unattributed_facts, usage_messages
from yawl.state.ports import Change, EngineState, Message, Overtaken, Sender

#: Seconds for which an object's mark is kept after its first call: longer than ``POST /usage`` takes the usage.
MARK_KEPT = 40 * 86_400
TRIES = 5


class Counted(NamedTuple):
    """What became of a notice.

    found: its object. engines: those whose object it is; none where it is no access log, or no engine's. tally: what
    was read. new: ids of the engines whose traffic was committed now, and not by an earlier notice.
    """

    found: LogObject
    engines: tuple[str, ...] = ()
    tally: Tally | None = None
    new: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccessLogs:
    """Counts objects.

    engines: all of the stage. read: opens an object. state_of: the store of ``Engine.database``.
    """

    engines: Callable[[], Iterable[Engine]]
    read: Callable[[LogObject], Stream]
    state_of: Callable[[Engine], EngineState]
    sender: Sender
    pause: Pause = full_jitter

    def count(self, body: str) -> Counted:
        """Count the object of a notice; when this returns, its usage is in the queue, and the notice may be deleted.

        Raises UnreadableAccessLog, and the errors of parameters, objects, tables and queues; then the notice has to
        come again.
        """
        found = read_notice(body)
        engines = engines_of(found, self.engines())
        if not engines:
            return Counted(found)
        read = tally(lines_of(self.read(found)), engines)
        if read.lines == read.unreadable:
            raise UnreadableAccessLog("none of its lines is an entry of an access log")
        by_id = {engine.id: replace(engine, epoch=NO_DATABASE) for engine in engines}
        new = [name for name, traffic in read.traffic.items() if self._bill(found, by_id[name], traffic)]
        return Counted(found, tuple(by_id), read, tuple(new))

    def _bill(self, found: LogObject, engine: Engine, traffic: Traffic) -> bool:
        """Commit and send an engine's traffic. Returns whether this notice was the first."""
        state = self.state_of(engine)
        marks = {f"object#{found.hash}": int(traffic.first_at) + MARK_KEPT}
        is_new = self._commit(state, Change(marks=marks, messages=tuple(_messages(found, engine, traffic))))
        for error in outbox.send_all(state, self.sender).errors:
            raise error
        return is_new

    def _commit(self, state: EngineState, change: Change) -> bool:
        for attempt in range(TRIES):
            try:
                state.commit(change)
                return True
            except Overtaken:
                if state.marked(change.marks):
                    return False
                self.pause(attempt)
        raise Overtaken("the object's mark is contended all the time")


def _messages(found: LogObject, engine: Engine, traffic: Traffic) -> Iterator[Message]:
    customer = customer_of(engine)
    events = list(usage_events(found.hash, traffic, engine, customer))
    if customer is not None:
        yield from usage_messages(customer, events)
    elif events:
        yield Message("unattributed", None, json.dumps({"events": events, **unattributed_facts(engine, None, None)}))
