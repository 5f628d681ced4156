"""The chain of billing keys that one buyer had, and which hours each of them bills. Pure.

A renewal or a replacement may bring another licence, and a migration brings a legacy customer's licence: the buyer is
the same, so its events' ids, its users and what its contract has covered go along. ``ledger.succession`` links two keys
and moves the balance; ``docs/protocol.md`` ("One buyer, several keys") tells it in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from marketplace.agreement_event import FOLLOWED

#: Seconds after the end of a key's hours for which its events and marks may still matter: usage is taken for 30 days
#: (``too_old``), and a user counts in the month of use, which began up to 31 days before.
MATTERS = 62 * 86400
#: The most earlier keys that a transaction asks about: each costs an operation for an event, and another for a mark.
MOST_KEYS = 12


class Earlier(NamedTuple):
    """A key that the buyer had before. until: from then on its events and marks decide nothing any more (epoch
    seconds); None while it may still record."""

    key: str
    until: int | None = None


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What a subscriber's item says of its chain. Times are epoch seconds.

    initial_agreement_id: the first agreement of all (marketplace-agreement's ``initialAgreementId``).
    previous_agreement_id: from EventBridge's event of a renewal. agreement_status: the newest known
    (``AgreementStatus``). earlier: the keys before this one, the nearest first. succeeded_by: the key after it. since:
    when the buyer's first key of this chain was activated. awaits_move: until when contract hours wait for the balance
    of the key before. bills_from, bills_until: the first hour that is this key's, and the first that is not (a
    migration).
    """

    initial_agreement_id: str | None = None
    previous_agreement_id: str | None = None
    agreement_status: str | None = None
    earlier: tuple[Earlier, ...] = ()
    succeeded_by: str | None = None
    since: int | None = None
    awaits_move: int | None = None
    bills_from: int | None = None
    bills_until: int | None = None

    @property
    def is_followed(self) -> bool:
        """Whether the buyer stays when this key ends: another key follows, or an agreement that is not known yet."""
        return self.succeeded_by is not None or self.agreement_status in FOLLOWED

    @property
    def awaits_successor(self) -> bool:
        """Whether another agreement follows, and its key is not known yet."""
        return self.succeeded_by is None and self.agreement_status in FOLLOWED

    def bills(self, hour: int) -> bool:
        """Whether this key may bill an hour: no hour is ever sent under two keys of one migration."""
        return (self.bills_from is None or hour >= self.bills_from) and (
            self.bills_until is None or hour < self.bills_until
        )

    def linked_keys(self, now: float) -> tuple[str, ...]:
        """The other keys under which this buyer's events and marks may be stored: those before, and the one after,
        since for a while both record."""
        before = tuple(each.key for each in self.earlier if each.until is None or each.until > now)
        return before + ((self.succeeded_by,) if self.succeeded_by and self.succeeded_by not in before else ())


def chain_of(item: Mapping[str, Any]) -> Chain:
    """The chain in a subscriber's item. A bare ``previousIdentifier`` is an earlier key that matters for ever."""

    def number(name: str) -> int | None:
        return int(item[name]) if name in item else None

    earlier = tuple(
        Earlier(each["key"], int(each["until"]) if "until" in each else None)
        for each in item.get("previousIdentifiers", ())
    )
    previous = item.get("previousIdentifier")
    if previous and all(each.key != previous for each in earlier):
        earlier = (Earlier(previous), *earlier)
    return Chain(
        initial_agreement_id=item.get("initialAgreementId"),
        previous_agreement_id=item.get("previousAgreementId"),
        agreement_status=item.get("agreementStatus"),
        earlier=earlier,
        succeeded_by=item.get("succeededBy"),
        since=number("chainSince"),
        awaits_move=number("awaitsMove"),
        bills_from=number("billsFrom"),
        bills_until=number("billsUntil"),
    )


def stored(earlier: Sequence[Earlier]) -> list[dict[str, Any]]:
    """``previousIdentifiers`` as the table keeps it."""
    return [{"key": each.key} | ({"until": each.until} if each.until is not None else {}) for each in earlier]


def following(key: str, chain: Chain, now: float) -> tuple[Earlier, ...]:
    """The earlier keys of a key that follows ``key``: that one, and those before it that still matter."""
    before = (each for each in chain.earlier if each.key != key and (each.until is None or each.until > now))
    return (Earlier(key), *before)[:MOST_KEYS]


def finished(earlier: Sequence[Earlier], key: str, end: float) -> tuple[Earlier, ...]:
    """The earlier keys once ``key`` can record nothing any more, since ``end``."""
    return tuple(each._replace(until=int(end) + MATTERS) if each.key == key else each for each in earlier)


def continues(period: str) -> bool:
    """Whether an allowance's period goes on under the next key: a month does (``2026-11``). A contract's own term ends
    with its agreement, and the next agreement includes its own."""
    year, _, month = period.partition("-")
    return len(year) == 4 and len(month) == 2 and year.isdecimal() and month.isdecimal()
