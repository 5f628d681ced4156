"""The calls that an object of the access logs holds, by engine. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.clock import from_iso
from yawl.access_logs.calls import by_host, engine_at, is_answered_request, is_interface, names_an_operation
from yawl.access_logs.entry import address_of, read_entry
from yawl.engine import Engine


class Traffic(NamedTuple):
    """Calls of one engine. bytes: received from the callers and sent to them. first_at: epoch seconds of the first."""

    calls: int
    bytes: int
    first_at: float


@dataclass
class Tally:
    """What an object's lines held.

    traffic: by engine id; an engine without a call is absent. unreadable: lines that are no entries. unmatched:
    requests that would be calls if an engine listed their host.
    """

    traffic: dict[str, Traffic] = field(default_factory=dict)
    lines: int = 0
    unreadable: int = 0
    unmatched: int = 0


def tally(lines: Iterable[str], engines: Sequence[Engine]) -> Tally:
    """Sum up an object's lines. engines: those whose access logs it belongs to.

    An engine's calls before its ``since`` are not counted. The same lines and engines always give the same sums.
    """
    found = Tally()
    calls: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    first: dict[str, float] = {}
    hosts = by_host(engines)
    for line in lines:
        found.lines += 1
        try:
            called = _call(line, hosts, found)
        except ValueError:
            found.unreadable += 1
            continue
        if called is not None:
            engine, at, size = called
            calls[engine.id] += 1
            moved[engine.id] += size
            first[engine.id] = min(at, first.get(engine.id, at))
    found.traffic = {name: Traffic(calls[name], moved[name], first[name]) for name in sorted(calls)}
    return found


def _call(line: str, engines: Mapping[str, Engine], found: Tally) -> tuple[Engine, float, int] | None:
    """The engine that a line's request called, when, and the bytes; None if it is no call. Raises ValueError if it is
    no entry, or of a time that does not exist."""
    entry = read_entry(line)
    if not is_answered_request(entry):
        return None
    address = address_of(entry.url)
    if address is None:
        raise ValueError("the request has no address")
    if not names_an_operation(entry.method, address.query):
        return None
    engine = engine_at(address, engines)
    if not any(is_interface(address.path, each) for each in ([engine] if engine else engines.values())):
        return None
    if engine is None:
        found.unmatched += 1
        return None
    at = from_iso(entry.time)
    return (engine, at, entry.size) if at >= engine.since else None
