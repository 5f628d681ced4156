"""What senders were answered, held against the tables: the first of the two sums, after every answer."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.tables import METERING_RECORDS, USAGE_EVENTS
from tests.simulation.call_judge import CallJudge
from tests.simulation.lives import ZERO
from tests.simulation.sender import Body, EventKey, is_void, key_of
from tests.simulation.store import Item

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

#: customer and dimension
Account = tuple[str, str]


class AnswerJudge(CallJudge):
    """Handed in = recorded + refused + repeated + waiting, for each customer and dimension, in quantities.

    Recorded is what the tables hold of it, taken back or not; all else is what answers said. What is stored and has no
    answer yet stands apart: its sender keeps it.
    """

    world: "Protocol"

    def __init__(self) -> None:
        super().__init__()
        self._handed_in: dict[Account, Decimal] = defaultdict(Decimal)
        self._stored: dict[Account, Decimal] = defaultdict(Decimal)
        #: Refused, repeated, or to be sent again.
        self._otherwise: dict[Account, Decimal] = defaultdict(Decimal)
        self._told: dict[EventKey, Body] = {}
        self._untold: dict[EventKey, Any] = {}
        #: steps at which events were put, and taken back
        self._stored_at: dict[EventKey, int] = {}
        self._voided_at: dict[EventKey, int] = {}

    def stored(self, customer: str, event_id: str, content: Any) -> None:
        """An event was put."""
        self._stored_at[customer, event_id] = self.world.scheduler.steps
        self._stored[customer, content["dimension"]] += content["quantity"]
        if (customer, event_id) not in self._told:
            self._untold[customer, event_id] = content

    def voided(self, customer: str, event_id: str) -> None:
        """An event was taken back."""
        self._voided_at[customer, event_id] = self.world.scheduler.steps

    def answered_for(self, bodies: list[Body], verdicts: Sequence[tuple[str, str]]) -> None:
        """A request is over: each of its events has an answer, and the sender has heard it."""
        accounts = set()
        for body, (verdict, reason) in zip(bodies, verdicts, strict=True):
            if is_void(body):
                self._void_answered(key_of(body), verdict, reason)
                continue
            account = (body["customerIdentifier"], body["dimension"])
            quantity = Decimal(body.get("quantity", 1))
            accounts.add(account)
            self._handed_in[account] += quantity
            if reason == "voided" and self._untold.get(key_of(body), {}).get("source") == body["source"]:
                self._accepted(account, body, quantity, heard=True)
            elif verdict in ("refused", "retry_later"):
                self._otherwise[account] += quantity
            else:
                self._accepted(account, body, quantity)
        for account in accounts:
            self._sum(account)
        if self._untold:
            kept = {(key_of(body), body["source"]) for body in self.world.sender.outbox}
            for key, content in self._untold.items():
                if (key, content["source"]) not in kept:
                    self.note(f"{key} is recorded, and its verdict says that it is not")

    def _void_answered(self, key: EventKey, verdict: str, reason: str) -> None:
        """What its sender hears of a void is what the tables hold by now."""
        found = self.world.store.item(USAGE_EVENTS.name, key[0], f"event#{key[1]}")
        if verdict in ("voided", "duplicate") and (found is None or "voidedAt" not in found):
            self.note(f"{key} is said to be taken back, and it is not")
        if verdict != "refused":
            return
        actor = self.world.scheduler.current
        if reason == "unknown_event" and actor is not None and self._stored_at.get(key, actor.born) < actor.born:
            self.note(f"{key} was recorded, and is said not to be known")
        if reason in ("hour_sealed", "not_voidable"):
            if found is None or "voidedAt" in found or not found["counted"]:
                self.note(f"{key} is said to be {reason}: {found}")
                return
            record = self.world.store.item(METERING_RECORDS.name, key[0], int(found["billedHour"]))
            if reason == "hour_sealed" and (record is None or record["state"] == "open"):
                self.note(f"{key} is said to be in a closed hour, and the hour is open")
            if reason == "not_voidable" and self._aggregation(found) == "sum":
                self.note(f"{key} is said to have decided what others counted")

    def _aggregation(self, event: Item) -> str:
        return self.world.dimensions[event["content"]["dimension"]].aggregation

    def _accepted(self, account: Account, body: Body, quantity: Decimal, *, heard: bool = False) -> None:
        """heard: its sender learns that it was recorded, and taken back."""
        key = key_of(body)
        actor = self.world.scheduler.current
        if not heard and actor is not None and self._voided_at.get(key, actor.born) < actor.born:
            self.note(f"{key} was taken back, and is called recorded when it is sent again")
        if key in self._told:
            self._otherwise[account] += quantity  # repeated
            if self._told[key]["source"] != body["source"]:
                self.note(f"{key} was accepted with two contents")
            return
        self._told[key] = body
        content = self._untold.pop(key, None)
        if content is None:
            self.note(f"{key} was accepted, and is not recorded")
        elif content["source"] != body["source"]:
            self.note(f"{key} was recorded with another content than accepted")

    def _sum(self, account: Account) -> None:
        untold = sum((c["quantity"] for (who, _), c in self._untold.items() if (who, c["dimension"]) == account), ZERO)
        recorded = self._stored[account] - untold
        if self._handed_in[account] != recorded + self._otherwise[account]:
            self.note(
                f"{account}: {self._handed_in[account]} were handed in and answered; {recorded} of it are recorded,"
                f" {self._otherwise[account]} refused, repeated or waiting"
            )
