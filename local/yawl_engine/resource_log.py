"""The resource service's log: what people did with work items. Its specifications have keys of their own."""

from collections.abc import Callable
from dataclasses import dataclass

from local.yawl_engine.specification import Specification

SYSTEM = "system"


@dataclass(frozen=True)
class ResourceEvent:
    """One row. resource: a participant's id, ``admin`` or ``system``. kind: ``offer``, ``start``, ``complete``, …"""

    key: int
    specification: int
    case_id: str
    task: str
    resource: str
    kind: str
    at_ms: int


class ResourceLog:
    """The rows. Not safe for several threads: the engine holds its lock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._keys: dict[Specification, int] = {}
        self.events: list[ResourceEvent] = []

    def add(self, specification: Specification, case_id: str, resource: str, *kinds: str) -> None:
        """One row for each kind, all at this moment."""
        key = self._keys.setdefault(specification, len(self._keys) + 1)
        task = specification.waiting_task or ""
        for kind in kinds:
            row = ResourceEvent(len(self.events) + 1, key, case_id, task, resource, kind, int(self._now() * 1000))
            self.events.append(row)

    def of(self, identifier: str, version: str, uri: str, first: int, last: int) -> list[ResourceEvent]:
        """The rows of a specification within these times, milliseconds, both included."""
        named = (identifier, version, uri)
        keys = {key for s, key in self._keys.items() if (s.identifier, s.version, s.uri) == named}
        return [event for event in self.events if event.specification in keys and first <= event.at_ms <= last]
