"""What an alarm says to the person whom it calls, and how urgently it calls."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from stacks.constructs.alarms.runbook import sentence


class Severity(StrEnum):
    """PAGE: a person gets up, or money is lost. TICKET: a person looks at it on a working day."""

    PAGE = "Page"
    TICKET = "Ticket"


@dataclass(frozen=True, kw_only=True)
class Message:
    """Whole sentences for a person who reads them at 3 a.m. and has not seen the code.

    happened: what is wrong. money: what that means for what is billed, or for buyers. look: where to look first, and
    what to do; it begins with "Look".
    """

    severity: ClassVar[Severity]
    happened: str
    money: str
    look: str

    def told(self, page: str) -> str:
        """The alarm's description. page: of docs/runbooks."""
        return f"[{self.severity.value}] {self.happened} {self.money} {self.look} {sentence(page)}"


class Page(Message):
    """A message that wakes a person: it cannot wait for a working day."""

    severity = Severity.PAGE


class Ticket(Message):
    """A message that a person reads on a working day."""

    severity = Severity.TICKET
