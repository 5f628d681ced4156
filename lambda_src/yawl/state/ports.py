"""What the reconciler needs of a store, and of what sends usage on; each may be kept in DynamoDB, or in a file.

A store belongs to one engine's database (``Engine.database``). Times are milliseconds since the epoch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from yawl.announced_start import AnnouncedStart
from yawl.reconcile.known import Known

#: ``usage``: the queue of bodies of ``POST /usage``. ``unattributed``: the queue of usage without a customer.
Queue = Literal["usage", "unattributed"]


class Message(NamedTuple):
    """One message. customer: the billing key, which is its message group; None in the queue ``unattributed``.

    body: ``{"events": […]}``, at most 100 events and 200 KB, plain ASCII.
    """

    queue: Queue
    customer: str | None
    body: str


class Parcel(NamedTuple):
    """Messages that were committed together and are not known to be sent. id: the store's name for it."""

    id: str
    committed_ms: int
    messages: tuple[Message, ...]

    def deduplication_id(self, position: int) -> str:
        """The name of one of its messages, the same each time that it is sent."""
        return f"{self.id}:{position}"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is committed together: all of it or nothing.

    known: changed entries alone, with the versions that were read. started: numbers to add to those of
    ``EngineState.started``, by day (``2026-11-29``) and specification key. marks: names that must be new, each with
    the second at which it may be forgotten. messages: what is sent because of it.
    """

    known: Known = field(default_factory=Known)
    started: Mapping[tuple[str, int], int] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()


class Anchor(NamedTuple):
    """A start that the log had. If it does not have it any more, it is another database's log."""

    case_id: str
    net_instance: int
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far readings have come. Each field may be older than the truth, then work is done again without harm.

    anchor: see ``Anchor``. floor: below this case number nothing is looked for that is not listed. checkpoint: what
    ``floor`` may become an hour after the moment. hints_until, users_until: all announcements, or events of
    participants, up to this moment are done with. audited_day: the last one. services: names by their key in the log.
    waiting: since when a listed case id, by its ``case_name``, has had no row of its start.
    """

    anchor: Anchor | None = None
    floor: int | None = None
    checkpoint: tuple[int, int] | None = None
    hints_until: int = 0
    users_until: int = 0
    audited_day: str = ""
    services: Mapping[int, str] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)


class Fault(NamedTuple):
    """Why an engine needs a person. stops: nothing is read or billed until the fault is gone."""

    reason: str
    at_ms: int
    stops: bool = True


class Health(NamedTuple):
    """When the engine was last heard, and its log last read without a fault; None: never."""

    announced_ms: int | None = None
    polled_ms: int | None = None


class Overtaken(Exception):
    """Nothing was committed: another reader has committed since, or a mark is not new. Read again, then repeat."""


class EngineState(Protocol):
    """The store of one engine's database. Every method may raise the store's own errors; then nothing is certain, and
    a repetition from the beginning is safe."""

    def known(self) -> Known:
        """All committed starts, as of now (not from a copy that may lag)."""

    def commit(self, change: Change) -> None:
        """Write all of it, or raise Overtaken and write nothing. Its messages are a Parcel of ``unsent`` from then on.

        Raises Overtaken where an entry of ``known`` has another version by now, or a mark exists.
        """

    def marked(self, names: Iterable[str]) -> set[str]:
        """Those of these marks that exist."""

    def unsent(self) -> Sequence[Parcel]:
        """Committed messages that are not known to be sent, the oldest first."""

    def sent(self, parcel: Parcel) -> None:
        """Forget a parcel: all of its messages were sent. Repeats do no harm."""

    def started(self, day: str) -> Mapping[int, int]:
        """How many starts of that day (UTC, by the log's time) were committed to be billed, by specification key."""

    def announced(self, first_ms: int, last_ms: int) -> Iterator[AnnouncedStart]:
        """Announced starts that arrived from ``first_ms`` to ``last_ms``, both included, in their order."""

    def progress(self) -> Progress:
        """How far readings have come."""

    def advance(self, **fields: Any) -> None:
        """Set these fields of ``Progress``; the others stay."""

    def fault(self) -> Fault | None:
        """Why the engine needs a person; None where it does not."""

    def stop(self, fault: Fault) -> None:
        """Store a fault. It also forgets ``Progress.anchor``, so that a person who removes the fault goes on."""

    def health(self) -> Health:
        """When the engine was last heard and read."""

    def polled(self, at_ms: int, fault: str | None) -> None:
        """Note that a reading ended: without a fault, or with this one (an error's name)."""


class Sender(Protocol):
    """Sends messages on. In the functions it is SQS."""

    def send(self, message: Message, deduplication_id: str) -> None:
        """Send one message; when this returns, it is the receiver's. Raises the sender's own errors."""
