"""What must hold of final metering: it tries what is due within the grace, and cancels only after an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.tables import METERING_RECORDS, SUBSCRIBERS
from tests.simulation.actors import Actor
from tests.simulation.call_judge import CallJudge
from tests.simulation.lives import EARLIEST_END, HOUR, SERVED, SKEW, limit
from tests.simulation.store import Item

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

#: Seconds for which a call may be under way; until then no other run sends its lines.
UNDER_WAY = 120
#: Seconds after which final metering sends an unanswered line again, within the grace.
AGAIN = 120


@dataclass(frozen=True)
class _Round:
    """A round of final metering, as it found the world, at ``step``. ``faults``: the actor's until then. ``due``: by
    hour."""

    faults: int
    due: dict[int, Item]
    step: int


class FinalMeteringJudge(CallJudge):
    """An undisturbed round changes every hour that can be sealed or sent.

    Another actor that works on an hour changes it, so no actor has tried an unchanged hour.
    """

    world: "Protocol"

    def __init__(self) -> None:
        super().__init__()
        self._rounds: dict[Actor, _Round] = {}

    def round_begins(self, customer: str, end: int) -> None:
        actor = self.world.scheduler.current
        if actor is not None:
            self._rounds[actor] = _Round(actor.faults, dict(self._due(customer, end)), self.world.scheduler.steps)

    def round_is_over(self, customer: str, end: int, until: float | None) -> None:
        actor = self.world.scheduler.current
        begun = self._rounds.pop(actor, None) if actor is not None else None
        if actor is None or begun is None or not begun.due:
            return
        # Marketplace takes nothing any more, another end has taken this one's place, or the customer is back
        if actor.seen >= end + HOUR or not self._is_last_end(customer, end):
            return
        if actor.faults != begun.faults or actor.mode != "live" or self.was_paused(customer, begun.step):
            return
        for hour, item in begun.due.items():
            if actor.seen >= limit(hour) - EARLIEST_END:
                continue
            now = self.world.store.item(METERING_RECORDS.name, customer, hour)
            if now is item:
                self.note(f"{(customer, hour)} of a cancelled customer could be sealed and sent, and was not tried")
            late = until is not None and actor.seen >= end + SERVED and until > actor.seen + AGAIN
            if late and now is not None and (now["state"] != "sealed" or _unanswered(now)):
                self.note(
                    f"{(customer, hour)} of a cancelled customer has no answer, and is not tried again until {until}"
                )

    def cancelled(self, customer: str, end: int) -> None:
        """Judge a cancellation: within the grace it needs an answer to every line that Marketplace would take."""
        actor = self.world.scheduler.current
        if actor is None or actor.seen >= end + HOUR:
            return
        for hour, item in self._hours(customer):
            in_time = actor.seen < limit(hour) - EARLIEST_END and int(item.get("sentTimestamp", hour)) < end + HOUR
            if in_time and item.get("identity") and _unanswered(item):
                self.note(f"{customer} was cancelled within the grace, and {hour} has no answer")

    def _hours(self, customer: str) -> Iterator[tuple[int, Item]]:
        for item in self.world.store.items(METERING_RECORDS.name):
            if item["customerIdentifier"] == customer and "meteringPending" in item:
                yield int(item["timestamp"]), item

    def _due(self, customer: str, end: int) -> Iterator[tuple[int, Item]]:
        """The customer's hours of which a round that begins now has something to do."""
        now = self.world.now
        if now >= end + HOUR or not self._is_last_end(customer, end):
            return
        for hour, item in self._hours(customer):
            # While usage is taken the running hour may be added to.
            if (int(item.get("sentTimestamp", hour)) if now >= end + SERVED else hour + HOUR) > now:
                continue
            if item["state"] != "sealed":
                # A contract's hour may have to wait for what is included.
                if not self.world.tiers:
                    yield hour, item
            elif item.get("identity") and _unanswered(item, now):
                yield hour, item

    def _is_last_end(self, customer: str, end: int) -> bool:
        found = self.world.store.item(SUBSCRIBERS.name, customer) or {}
        periods = found.get("activePeriods", ())
        return bool(periods) and periods[-1].get("end") == end


def _unanswered(item: Item, now: float | None = None) -> bool:
    """Whether Marketplace has said nothing of a line yet; and, with a time, no call with it may be under way then."""
    for dimension in item.get("lines", {}):
        if f"verdict#{dimension}" in item:
            continue
        attempts = {*item.get("attempts", ()), *item.get(f"attempts#{dimension}", ())}
        if now is None or all(int(attempt.split("-")[0]) + UNDER_WAY + SKEW <= now for attempt in attempts):
            return True
    return False
