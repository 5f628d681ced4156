"""Notices that come before their subscriber: they wait until a subscriber is bound to what they name.

An agreement's event names no licence, so it waits for the agreement. Where a stage applies the notices of its test
buyers only, a legacy customer's notice waits for the registration, which tells the customer's account.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from decimal import Decimal
from typing import Any

from buyer.notices.changes import changes
from ledger.notices import Notices
from ledger.subscribers import Change, Subscribers
from marketplace.notice import Notice


@dataclass(frozen=True)
class WaitingNotices:
    """The notices that wait, and the subscribers to which they are applied."""

    subscribers: Subscribers
    notices: Notices

    def keep(self, notice: Notice, waits_for: str, *, reason: str, now: float) -> None:
        """Put a notice aside. A subscriber that is bound at the same moment may miss it, so look for one afterwards."""
        stated = {name: value for name, value in asdict(notice).items() if value is not None}
        self.notices.wait(notice.id, waits_for, reason=reason, notice=stated, now=now)

    def apply(self, key: str, bound_to: tuple[str, ...], now: float) -> list[Change | None]:
        """Apply the notices that waited for what the subscriber is bound to now; each with its change, as ``apply``."""
        written = []
        for item in [item for name in bound_to for item in list(self.notices.waiting(name))]:
            written.append(apply(self.subscribers, key, from_waiting(item["notice"]), now))
            self.notices.applied(str(item["noticeId"]), now)
        return written


def apply(subscribers: Subscribers, key: str, notice: Notice, now: float) -> Change | None:
    """What a notice changed on a subscriber; None if it held nothing new, as when it is delivered again."""
    return subscribers.change(key, lambda current: changes(current, notice), now=now)


def bound_to(agreement_id: str | None, customer: str | None) -> tuple[str, ...]:
    """The names for which this subscriber's notices may wait. customer: the legacy identifier, once it is allowed.

    A stage that applies every buyer's notices looks for those of a registration, too: they may have been put aside
    before it did.
    """
    agreement = (agreement_id,) if agreement_id else ()
    return agreement + ((registration_of(customer),) if customer else ())


def registration_of(customer: str) -> str:
    """The name for which a legacy customer's notice waits; no agreement's id has this character in it."""
    return f"customer#{customer}"


def from_waiting(stored: Mapping[str, Any]) -> Notice:
    """A notice as it was kept while it waited (DynamoDB returns its numbers as Decimal).

    Fields of another version of the code, before a rollback, are ignored.
    """
    names = {field.name for field in dataclass_fields(Notice)}
    values: dict[str, Any] = {
        name: int(value) if isinstance(value, Decimal) else value for name, value in stored.items() if name in names
    }
    return Notice(**values)
