"""What can be asked of an engine's log, and how an answer fails.

``yawl.log.connect`` opens them over HTTP, by ``engine_log(address, user, password)`` and ``resource_log`` alike.
A reader that keeps to these protocols may take the same facts from the engine's database.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from yawl.start import Specification

#: The service key of a start that the log ascribes to no service: a delayed launch.
NO_SERVICE = -1


class CaseStart(NamedTuple):
    """One ``CaseStart`` row of the log.

    net_instance: key of the case's root net instance, which rises with each start. at_ms: milliseconds since the epoch,
    by the engine's clock. service_key: of the service or client account that launched the case, or ``NO_SERVICE``.
    """

    net_instance: int
    at_ms: int
    service_key: int


class ResourceEvent(NamedTuple):
    """One row of the resource service's log: what a participant, ``admin`` or ``system`` did, and when (ms).

    participant: the participant's id, never the name. kind: for example ``offer``, ``start``, ``complete``.
    """

    participant: str
    kind: str
    at_ms: int


class EngineLog(Protocol):
    """The engine's log. Every method may raise an EngineLogError."""

    @property
    def clock_offset_ms(self) -> int | None:
        """The engine's clock minus ours, by the last answer's ``Date`` (whole seconds); None before the first."""

    @property
    def logins(self) -> int:
        """How often it has logged in. A further login may find another database behind the same address."""

    def specifications(self) -> Sequence[Specification]:
        """Every row of a specification version that ever started a case; two rows of a version differ in their key."""

    def case_ids(self, specification: Specification) -> list[str]:
        """The root case ids that the specification's key ever started; an id that was used twice stands twice."""

    def case_starts(self, case_id: str) -> Sequence[CaseStart]:
        """The starts under this case id, of all specifications, by ascending net instance; empty: not logged (yet)."""

    def net_instances(self, specification: Specification) -> Mapping[str, Sequence[int]]:
        """The specification's root net instances by case id, each ascending. The answer grows with all its cases."""

    def service_name(self, key: int) -> str | None:
        """The name of a service or client account; None for ``NO_SERVICE`` and where the log does not have the key."""

    def started(self, specification: Specification, first_ms: int, last_ms: int) -> int | None:
        """How many cases started from ``first_ms`` to ``last_ms``, both included, by the engine's own statistics.

        The engine answers with one query per case it ever had of the specification, and all other questions to its log
        wait meanwhile: 170 seconds at 12,001 cases. So this is for engines that are known to be small.
        None: the statistics do not reach this key. The log may hold two rows of one version, whose first two cases
        started within milliseconds; statistics of a range are asked by identifier, which finds one row only.
        """


class ResourceLog(Protocol):
    """The resource service's log. Its method may raise an EngineLogError."""

    def events(self, specifications: Sequence[Specification], first_ms: int, last_ms: int) -> Sequence[ResourceEvent]:
        """What happened to work items and cases of these specifications, from ``first_ms`` to ``last_ms`` included."""


class EngineLogError(Exception):
    """The log did not give what was asked. Its text names the action, never a password, a session or a case's data."""


class EngineUnreachable(EngineLogError):
    """No answer in time: the name, the connection or TLS failed, or the answer stopped half way."""


class LoginRefused(EngineLogError):
    """The engine does not take the account or its password."""


class SessionLost(EngineLogError):
    """The engine answered with a server error (5xx), also after a new login; a dead session shows as HTTP 500."""


class EngineFailure(EngineLogError):
    """A ``<failure>`` inside a 200 answer that does not mean "nothing there", for example logging that is off."""


class UnreadableAnswer(EngineLogError):
    """An answer that is not what the action gives: empty, ``null``, HTML, broken XML, a redirect, another status."""


class AnswerTooLarge(EngineLogError):
    """An answer beyond the bounds: bytes, or number of entries."""
