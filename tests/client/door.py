"""The metering system's door as a client sees it, in memory: an id counts once, and only with the same content.

Events are read by the project's own parser, so whatever the client sends is what the API takes. What is modelled is
recording alone; ``test_killed`` runs the same client against the whole usage API.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from marketplace.dimensions import Aggregation, Dimension
from runtime.clock import from_iso
from usage.judge_event import FUTURE_TOLERANCE
from usage.request import read_events
from usage.usage_event import Refusal, UsageEvent, Void, parse
from yawl_metering.spool import Event
from yawl_metering.transport import Answered, Outcome, Rejected, Unavailable, Verdict, body_of

START = from_iso("2026-11-15T08:00:00Z")
AGGREGATIONS: dict[str, Aggregation] = {
    "workflow_executions": "sum",
    "active_users": "distinct",
    "data_processed_gb": "sum",
    "api_calls": "sum",
    "worklet_invocations": "sum",
    "peak_nodes": "max",
}
DIMENSIONS = {
    name: Dimension(name=name, unit="unit", aggregation=aggregation, decimals=6 if name == "data_processed_gb" else 0)
    for name, aggregation in AGGREGATIONS.items()
}

Fault = Literal["", "before", "lost", "everyone"]


@dataclass
class Door:
    """``fault``: of each request, asked by its number from 1: the request does not arrive, its answer is lost, or
    nobody's arrive. ``answer``: a verdict instead of recording. ``reject``: requests that cannot be read."""

    now: float = START
    one_customer: bool = False
    fault: Callable[[int], Fault] = lambda _: ""
    answer: Callable[[UsageEvent], Verdict | None] = lambda _: None
    reject: Callable[[Sequence[dict[str, Any]]], bool] = lambda _: False
    stored: dict[tuple[str, str], UsageEvent] = field(default_factory=dict)
    voided: set[tuple[str, str]] = field(default_factory=set)
    requests: list[list[dict[str, Any]]] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    closed: bool = False
    trace_id: str = ""

    def send(self, events: Sequence[Event]) -> Outcome:
        bodies = read_events(body_of(events).decode(), "application/json")
        self.requests.append(bodies)
        fault = self.fault(len(self.requests))
        if fault == "everyone":
            return Unavailable("HTTP 500")
        if fault == "before":
            return Unavailable("HTTP 503 busy", everyone=False)
        if self.reject(bodies):
            return Rejected("bad_json", "the body is not JSON")
        verdicts = [self._record(body) for body in bodies]
        return Unavailable("ReadTimeoutError", everyone=False) if fault == "lost" else Answered(verdicts, self.trace_id)

    def close(self) -> None:
        self.closed = True

    def _record(self, body: dict[str, Any]) -> Verdict:
        try:
            event = parse(body, DIMENSIONS, self.now)
        except Refusal as refusal:
            return Verdict("refused", refusal.reason, refusal.message)
        key = (event.customer_identifier, event.id)
        if isinstance(event, Void):
            return self._take_back(key)
        if key in self.voided:
            return Verdict("refused", "voided")
        if key in self.stored:
            if self.stored[key].content != event.content:
                self.reused.append(event.id)
                return Verdict("refused", "id_reused")
            return Verdict("duplicate")
        if event.occurred_at > self.now + FUTURE_TOLERANCE:
            return Verdict("refused", "in_future")
        given = self.answer(event)
        if given is not None:
            return given
        self.stored[key] = event
        return Verdict("recorded")

    def _take_back(self, key: tuple[str, str]) -> Verdict:
        if key not in self.stored:
            return Verdict("refused", "unknown_event")
        if key in self.voided:
            return Verdict("duplicate")
        self.voided.add(key)
        return Verdict("voided")

    def totals(self) -> dict[tuple[str, str], Decimal]:
        """Recorded quantities by customer and dimension, but for what was taken back."""
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for key, event in self.stored.items():
            if key in self.voided:
                continue
            found[event.customer_identifier, event.dimension.name] += event.quantity
        return dict(found)
