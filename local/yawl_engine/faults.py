"""Faults on demand. Faults that match a request or an announcement use each other up, the oldest first.

==============  =======================================================================================================
kind            effect on an announcement
==============  =======================================================================================================
lose            the engine forgets it, as it does when a service cannot be reached
double          it goes out twice, as when a connection broke after the service had read it
hold            it waits until ``release``
==============  =======================================================================================================

==============  =======================================================================================================
kind            effect on a request
==============  =======================================================================================================
failure         HTTP 200 with ``<failure>`` and the fault's text
empty           HTTP 200 without a body
null            HTTP 200 with the text ``null``
page            HTTP 200 with an HTML page, as of a proxy in front of the engine
server-error    HTTP 500 with Tomcat's page
redirect        HTTP 302 to a page for people
drop            the connection closes without an answer
slow            the answer comes after ``seconds``
session-ends    all sessions end before the request
poisoned        HTTP 500 on interfaces A and B although the request is done, until the engine restarts
==============  =======================================================================================================

==================  ===================================================================================================
kind                effect on a launch
==================  ===================================================================================================
launch-fails        the case is announced and logged, then the launch rolls back: HTTP 500, and there is no case
unlisted            its net instance's row names no net, so it is in no specification's list; its events are there
without-service     its CaseStart row names no service
without-completion  its CaseComplete rows belong to no net instance
doubled             if its specification starts for the first time, the log gets two rows for that
==================  ===================================================================================================

Each of them was seen on a living engine, where it depends on two threads of the log.
"""

import threading
from dataclasses import dataclass, field

ANNOUNCEMENTS = ("lose", "double", "hold")
REQUESTS = (
    *("failure", "empty", "null", "page", "server-error", "redirect"),
    *("drop", "slow", "session-ends", "poisoned"),
)
LAUNCHES = ("launch-fails", "unlisted", "without-service", "without-completion", "doubled")


@dataclass
class Fault:
    """One armed fault. path, action: what it is narrowed to (``/yawl/logGateway``, ``getCaseEvent``).

    after: so many that match pass first. every: of the rest, one in so many is hit. times: how many are hit; None: all.
    """

    kind: str
    path: str = ""
    action: str = ""
    after: int = 0
    every: int = 1
    times: int | None = 1
    seconds: float = 1.0
    text: str = "The engine is not in a state to answer."
    seen: int = field(default=0, init=False)
    met: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Raises ValueError for a fault that is not in the tables above."""
        if self.kind not in (*ANNOUNCEMENTS, *REQUESTS, *LAUNCHES):
            raise ValueError(f"a fault is one of {', '.join((*ANNOUNCEMENTS, *REQUESTS, *LAUNCHES))}, not {self.kind}")
        if self.after < 0 or self.every < 1 or (self.times is not None and self.times < 1):
            raise ValueError("after is a number from 0, every and times are from 1")


class Faults:
    """The armed faults, oldest first. Safe for many threads."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def arm(self, fault: Fault) -> Fault:
        """Adds a fault behind the others and returns it."""
        with self._lock:
            self._armed.append(fault)
        return fault

    def disarm(self, kinds: tuple[str, ...] = ()) -> None:
        """Disarms the faults of these kinds, or all."""
        with self._lock:
            self._armed = [fault for fault in self._armed if kinds and fault.kind not in kinds]

    def armed(self) -> list[Fault]:
        """A copy of the list, oldest first."""
        with self._lock:
            return list(self._armed)

    def take(self, kinds: tuple[str, ...], action: str = "", path: str = "") -> Fault | None:
        """The first fault of these kinds that hits, counted down once; None if nothing happens."""
        with self._lock:
            for fault in self._armed:
                if fault.kind not in kinds or fault.action not in ("", action) or fault.path not in ("", path):
                    continue
                fault.seen += 1
                if fault.seen <= fault.after or (fault.seen - fault.after) % fault.every:
                    continue
                fault.met += 1
                if fault.times is not None and fault.met >= fault.times:
                    self._armed.remove(fault)
                return fault
        return None
