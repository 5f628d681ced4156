"""Helpers of the scenarios of cancellation: notices, final metering state by state, and crashes between its effects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from buyer.notices.changes import changes
from ledger.subscriber import Subscriber
from marketplace.notice import Notice
from metering.final.final_rules import Step
from metering.final.find_final_hours import find_final_hours
from metering.final.refuse_usage import refuse_usage
from metering.send.plan_batches import plan_batches
from metering.send.send_batch import MarketplaceBusy, ProductFault
from runtime.clock import iso
from tests.scenarios.world import START, World

MINUTE, HOUR, DAY = 60, 3600, 86400
#: The buyer of these scenarios cancels at 09:20. Usage is refused from 10:05 on, and lines are accepted until 10:20.
NINE = START + HOUR
END = NINE + 20 * MINUTE
TEN, ELEVEN = START + 2 * HOUR, START + 3 * HOUR
REFUSES, GRACE = END + 45 * MINUTE, END + 60 * MINUTE


class Crash(Exception):
    """The function crashes here."""


def notice(world: World, buyer: str, kind: str, at: float, id_: str | None = None) -> None:
    """A start or an end of that moment reaches the stage now."""
    told = Notice(
        id=id_ or f"{kind}-{at}",
        source="eventbridge",
        action="",
        kind=kind,  # type: ignore[arg-type]
        at_ms=int(at * 1000),
        license_id=buyer,
    )
    world.subscribers.change(buyer, lambda current: changes(current, told), world.now)


def notified_buyer(world: World, active_from: float = START - DAY, account: str | None = None) -> str:
    """A buyer whose subscription follows from notices."""
    buyer = world.buyer(active_from=active_from, account=account)
    world.subscriber_items.update_item(
        Key={"customerIdentifier": buyer}, UpdateExpression="REMOVE subscriptionStatus, activePeriods, statusChangedAt"
    )
    notice(world, buyer, "start", active_from)
    return buyer


def cancel(world: World, buyer: str, at: float = END) -> None:
    """The buyer cancels at that moment; Marketplace and the stage know it at once."""
    world.now = max(world.now, at)
    world.marketplace.end(buyer, iso(at))
    notice(world, buyer, "end", at)


def resubscribe(world: World, buyer: str, at: float) -> None:
    world.now = max(world.now, at)
    world.marketplace.activate(buyer, iso(at))
    notice(world, buyer, "start", at)


def subscriber(world: World, buyer: str) -> Subscriber:
    found = world.subscribers.get(buyer)
    assert found is not None
    return found


def status(world: World, buyer: str) -> str:
    return subscriber(world, buyer).status


def use(world: World, buyer: str, event_id: str, quantity: Any = 1, **changes: Any) -> str:
    """Report one event of this moment; its verdict, and hour where recorded."""
    (verdict,) = world.report(world.event(buyer, event_id, quantity, **changes))
    return " ".join(filter(None, (verdict["verdict"], verdict.get("hour", "")[11:13], verdict.get("reason", ""))))


def lines(world: World, buyer: str, dimension: str = "workflow_executions") -> dict[str, Decimal]:
    """What Marketplace has accepted, by the time it was sent with."""
    return {
        line["timestamp"][11:16]: Decimal(line["quantity"])
        for line in world.accepted()
        if line["buyer"] == buyer and line["dimension"] == dimension
    }


@dataclass
class FinalMetering:
    """One execution of the workflow, by the functions' code; ``steps`` notes what it did."""

    world: World
    buyer: str
    end: float = END
    sent: bool = False
    steps: list[str] = field(default_factory=list)
    waits_until: float = 0

    def effects(self) -> Iterator[str]:
        """The execution, one effect at a time; it ends where the caller stops iterating. It waits by itself."""
        while True:
            step = self.look()
            if step.name == "done":
                return
            if step.name == "wait":
                assert step.until is not None
                self.sent = False
                self.waits_until = step.until
                yield "wait"
                self.world.now = max(self.world.now, step.until)
            elif step.name == "refuse":
                refuse_usage(self.buyer, int(self.end), self.world.subscribers, now=self.world.now)
                yield "refuse"
            elif step.name == "send":
                yield from self._send(step)
                self.sent = True
            else:
                outcome = self.world.ender.end_subscription(self.buyer, int(self.end))
                yield outcome
                if outcome == "ended":
                    return
                self.sent = False

    def run(self, until: float | None = None) -> "FinalMetering":
        """To its end, or to a wait for a moment after ``until``."""
        for effect in self.effects():
            self.steps.append(effect)
            assert len(self.steps) < 400, self.steps[-20:]
            if effect == "wait" and until is not None and self.waits_until > until:
                break
        return self

    def killed_after(self, effects: int) -> bool:
        """Run it and kill it after so many effects; False if it had ended before."""
        for number, effect in enumerate(self.effects()):
            if number == effects:
                return True
            self.steps.append(effect)
        return False

    def look(self) -> Step:
        return find_final_hours(
            self.buyer, int(self.end), self.world.records, self.world.subscribers, now=self.world.now, sent=self.sent
        )

    def _send(self, step: Step) -> Iterator[str]:
        for key in (*step.hours, *step.unsendable):
            self.world.sealer.seal_hours([key])
            yield "seal"
        world = self.world
        paused = world.pauses.read()
        batches, _left = plan_batches(
            step.hours, world.records, world.subscribers, world.now, world.metering_mode, paused=paused
        )
        for batch in batches:
            try:
                self.world.submitter.submit(batch, f"{self.buyer}-{self.end}")
            except (MarketplaceBusy, ProductFault) as error:
                yield type(error).__name__
            else:
                yield "submit"


def open_hours(world: World, buyer: str) -> list[str]:
    found, _ = world.records.unsettled(buyer, 0)
    return [iso(record.hour)[11:13] for record in found if record.state != "sealed"]
