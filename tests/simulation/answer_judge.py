"""What senders were answered, held against the tables: the first of the two sums, after every answer."""

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.simulation.call_judge import CallJudge
from tests.simulation.lives import ZERO
from tests.simulation.sender import Body, EventKey, key_of

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

#: customer and dimension
Account = tuple[str, str]


class AnswerJudge(CallJudge):
    """Handed in = recorded + refused + repeated + waiting, for each customer and dimension, in quantities.

    Recorded is what the tables hold of it; all else is what answers said. What is stored and has no answer yet stands
    apart: its sender keeps it.
    """

    world: "Protocol"

    def __init__(self) -> None:
        super().__init__()
        self._handed_in: dict[Account, Decimal] = defaultdict(Decimal)
        self._stored: dict[Account, Decimal] = defaultdict(Decimal)
        #: refused, repeated, or told to come again
        self._otherwise: dict[Account, Decimal] = defaultdict(Decimal)
        self._told: dict[EventKey, Body] = {}
        self._untold: dict[EventKey, Any] = {}

    def stored(self, customer: str, event_id: str, content: Any) -> None:
        """An event was put."""
        self._stored[customer, content["dimension"]] += content["quantity"]
        if (customer, event_id) not in self._told:
            self._untold[customer, event_id] = content

    def answered_for(self, bodies: list[Body], verdicts: list[str]) -> None:
        """A request is over: each of its events has an answer, and the sender has heard it."""
        accounts = set()
        for body, verdict in zip(bodies, verdicts, strict=True):
            account = (body["customerIdentifier"], body["dimension"])
            quantity = Decimal(body.get("quantity", 1))
            accounts.add(account)
            self._handed_in[account] += quantity
            if verdict in ("refused", "retry_later"):
                self._otherwise[account] += quantity
            else:
                self._accepted(account, body, quantity)
        for account in accounts:
            self._sum(account)
        if self._untold:
            kept = {(key_of(body), body["source"]) for body in self.world.sender.outbox}
            for key, content in self._untold.items():
                if (key, content["source"]) not in kept:
                    self.note(f"{key} is recorded, and its sender was told that it is not")

    def _accepted(self, account: Account, body: Body, quantity: Decimal) -> None:
        key = key_of(body)
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
