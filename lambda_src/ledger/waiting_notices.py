"""Notices that came before the subscriber they are about: they wait until he is bound to what they name.

An agreement's event names no licence, so it waits for the agreement. Where a stage takes notices of its test accounts
only, a legacy customer's notice waits for his registration, which tells his account.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from decimal import Decimal
from typing import Any

from ledger.apply_notice import changes
from ledger.notices import Notices
from ledger.subscribers import Change, Subscribers
from marketplace.notice import Notice


@dataclass(frozen=True)
class WaitingNotices:
    subscribers: Subscribers
    notices: Notices

    def keep(self, notice: Notice, waits_for: str, *, reason: str, now: float) -> None:
        """Put a notice aside. Who binds a subscriber meanwhile may miss it, so look for him again afterwards."""
        told = {name: value for name, value in asdict(notice).items() if value is not None}
        self.notices.wait(notice.id, waits_for, reason=reason, notice=told, now=now)

    def apply(self, key: str, bound_to: tuple[str, ...], now: float) -> list[Change | None]:
        """Apply to a subscriber what waited for what he is bound to now; delivered twice, it changes nothing."""
        written = []
        for item in [item for what in bound_to for item in list(self.notices.waiting(what))]:
            written.append(apply(self.subscribers, key, from_waiting(item["notice"]), now))
            self.notices.applied(str(item["noticeId"]), now)
        return written


def apply(subscribers: Subscribers, key: str, notice: Notice, now: float) -> Change | None:
    """What a notice changed on a subscriber; None if it said nothing new."""
    return subscribers.change(key, lambda current: changes(current, notice), now=now)


def bound_to(agreement_id: str | None, customer: str | None) -> tuple[str, ...]:
    """What notices about this subscriber may wait for. customer: his legacy identifier, once his account is allowed.

    A stage that takes everybody's notices asks for those of a registration, too: they were put aside before it did.
    """
    agreement = (agreement_id,) if agreement_id else ()
    return agreement + ((registration_of(customer),) if customer else ())


def registration_of(customer: str) -> str:
    """What a legacy customer's notice waits for; no agreement's id has this character in it."""
    return f"customer#{customer}"


def from_waiting(told: Mapping[str, Any]) -> Notice:
    """A notice as it was kept while it waited (DynamoDB returns its numbers as Decimal)."""
    known = {field.name for field in dataclass_fields(Notice)}
    # other code may have kept more of it, before a rollback
    said: dict[str, Any] = {
        name: int(value) if isinstance(value, Decimal) else value for name, value in told.items() if name in known
    }
    return Notice(**said)
