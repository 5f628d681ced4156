"""A case that an engine started, and the usage events that it makes. Pure."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from runtime.clock import iso
from yawl.engine import Engine

#: A case id that may stand in an event id, which has at most 128 printable characters without spaces; the rest of it
#: takes up to 60. An id that looks like a hash's name has to be hashed, too.
_PLAIN = re.compile(r"(?!sha256:)[\x21-\x7e]{1,64}")


class Specification(NamedTuple):
    """A version of a process model. key: its row in the engine's log; 0 where only an announcement named it."""

    identifier: str
    version: str
    uri: str
    key: int = 0


@dataclass(frozen=True, kw_only=True)
class Start:
    """One started case.

    case_id: as the engine names it. number: 1, or 2, 3, … for a case id that was used before (a caller may supply an
    id, and the engine refuses active ones only). at_ms: milliseconds since the epoch, by the log; in ``push-only`` by
    our clock. launched_by: the service's or client account's name, in ``push-only`` the service's URI; None where the
    engine does not say (a delayed launch; an announcement of a client account's launch). specification: None where an
    announcement lacks it.
    """

    case_id: str
    number: int
    at_ms: int
    launched_by: str | None
    specification: Specification | None

    def is_worklet(self, engine: Engine) -> bool:
        """Whether the worklet service launched the case: its name in the log, or its URI in an announcement."""
        return self.launched_by is not None and (
            self.launched_by == engine.worklet_service
            or self.launched_by.rstrip("/").endswith(f"/{engine.worklet_service}/ib")
        )


def case_name(case_id: str) -> str:
    """The case id as keys and event ids hold it. A caller of the engine may supply any text, also the empty one."""
    if _PLAIN.fullmatch(case_id):
        return case_id
    return f"sha256:{hashlib.sha256(case_id.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def customer_of(start: Start, engine: Engine) -> str | None:
    """The billing key that pays for the case; None where the engine's strategy does not find one. Nobody is guessed."""
    specification = start.specification
    if engine.attributed_by == "engine":
        names: tuple[str | None, ...] = ("",)
    elif engine.attributed_by == "specification":
        names = (specification.identifier, specification.uri) if specification else ()
    else:
        names = (start.launched_by,)
    return next((engine.customers[name] for name in names if name is not None and name in engine.customers), None)


def usage_events(start: Start, engine: Engine, customer: str | None) -> Iterator[dict[str, Any]]:
    """The bodies of ``POST /usage`` for one start: an execution, a worklet invocation, or both.

    The same start always gives the same bodies, so that a repeat is found by its id. customer: None leaves the field
    out, for usage that waits for its attribution.
    """
    worklet = start.is_worklet(engine)
    dimensions = engine.dimensions
    if worklet and dimensions.worklets:
        yield _event("worklet", dimensions.worklets, start, engine, customer)
    if (not worklet or engine.worklets_are_executions) and dimensions.executions:
        yield _event("case", dimensions.executions, start, engine, customer)


def _event(kind: str, dimension: str, start: Start, engine: Engine, customer: str | None) -> dict[str, Any]:
    return {
        "id": f"yawl:{engine.id}:{engine.epoch}:{kind}:{case_name(start.case_id)}#{start.number}",
        "source": engine.source,
        **({"customerIdentifier": customer} if customer else {}),
        "dimension": dimension,
        "quantity": 1,
        "occurredAt": iso(start.at_ms / 1000),
    }
