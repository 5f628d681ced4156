"""Announcements to the registered services, as the engine sends them: by two threads for each service, never again.

A service that cannot be reached, or that answers with an error, loses the announcement without a trace. Announcements
wait in memory only, so a restart loses those that are still waiting. Two threads do not keep an order.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException

from local.yawl_engine import java
from local.yawl_engine.faults import ANNOUNCEMENTS, Faults

THREADS = 2
#: How many sent announcements are kept for people and tests.
KEPT = 10_000

Params = Mapping[str, str | None]


@dataclass(frozen=True)
class Sent:
    """One announcement that left, or that a fault kept back. outcome: the status, the error, or the fault."""

    at: float
    service: str
    action: str
    case_id: str
    outcome: str


class Announcer:
    """Sends in the background. ``log``: what became of each announcement, in order."""

    def __init__(self, now: Callable[[], float], faults: Faults) -> None:
        self._now = now
        self._faults = faults
        self._queues: dict[str, queue.SimpleQueue[Params | None]] = {}
        self._held: list[tuple[str, Params]] = []
        self._open = 0
        self._changed = threading.Condition()
        self.log: deque[Sent] = deque(maxlen=KEPT)

    def announce(self, service: str, params: Params) -> None:
        """Hands one announcement to the service's threads. Returns at once."""
        fault = self._faults.take(ANNOUNCEMENTS, params["action"] or "")
        if fault is not None and fault.kind != "double":
            self._note(service, params, "lost" if fault.kind == "lose" else "held")
            if fault.kind == "hold":
                self._held.append((service, params))
            return
        for _ in range(1 if fault is None else 2):
            self._send(service, params)

    def release(self) -> None:
        """Sends what ``hold`` kept back."""
        held, self._held = self._held, []
        for service, params in held:
            self._send(service, params)

    def wait(self, timeout: float = 60.0) -> bool:
        """Waits until nothing is under way. False after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout)

    def stop(self) -> None:
        """Loses what is waiting and ends the threads, those aside that wait for a service's answer."""
        for waiting in self._queues.values():
            while not waiting.empty():
                try:
                    lost = waiting.get_nowait()
                except queue.Empty:
                    break
                if lost is not None:
                    self._done()
            for _ in range(THREADS):
                waiting.put(None)
        self._queues.clear()
        self._held.clear()

    def _send(self, service: str, params: Params) -> None:
        waiting = self._queues.get(service)
        if waiting is None:
            waiting = self._queues[service] = queue.SimpleQueue()
            for _ in range(THREADS):
                threading.Thread(target=self._work, args=(service, waiting), daemon=True).start()
        with self._changed:
            self._open += 1
        waiting.put(params)

    def _work(self, service: str, waiting: "queue.SimpleQueue[Params | None]") -> None:
        while (params := waiting.get()) is not None:
            try:
                outcome = str(java.post(service, params))
            except (OSError, HTTPException) as error:
                outcome = str(error) or type(error).__name__
            self._note(service, params, outcome)
            self._done()

    def _note(self, service: str, params: Params, outcome: str) -> None:
        action, case_id = params["action"] or "", params.get("caseID") or ""
        self.log.append(Sent(self._now(), service, action, case_id, outcome))

    def _done(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify_all()
