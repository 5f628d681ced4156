"""The signed links to a buyer's usage page.

A link names one customer, shows its usage and nothing else, and ends by itself; a customer's links end together when
its ``usageLinksRevoked`` rises. ``docs/buyers-page.md`` says why the signed text stands in the path.
"""

import hashlib
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from buyer.signing_keys import SigningKeys
from ledger.subscriber import Subscriber
from ledger.subscribers import Change, Subscribers
from runtime.api_error import ApiError

REVOKED = "usageLinksRevoked"
LONGEST = 1024
_AGAIN = "Ask for a new one where you found this link."


@dataclass(frozen=True)
class Link:
    """A link. revocations: how often the customer's links had been revoked when it was made. expires_at: epoch
    seconds."""

    customer_identifier: str
    revocations: int
    expires_at: int


@dataclass(frozen=True)
class Links:
    """Makes and opens the links of one stage. hours: for which a link works."""

    keys: SigningKeys
    hours: int

    def make(self, found: Subscriber, now: float) -> tuple[str, Link]:
        """The signed text, and what it says. Raises ApiError unavailable."""
        link = Link(found.customer_identifier, revocations(found), int(now) + self.hours * 3600)
        content = [link.customer_identifier, link.revocations, link.expires_at]
        return str(_signer(self.keys.oldest_first()).dumps(content)), link

    def open(self, text: str, now: float) -> Link:
        """What a link of this stage says. Raises ApiError invalid_link, expired_link or unavailable."""
        if len(text) > LONGEST or not text.isascii():
            raise _invalid()
        customer, revoked, expires_at = self._content(text)
        link = Link(customer, revoked, expires_at)
        if now >= link.expires_at:
            raise ApiError(410, "expired_link", f"This link worked for a while and has expired. {_AGAIN}")
        return link

    def _content(self, text: str) -> tuple[str, int, int]:
        try:
            content = self.keys.verified(lambda keys: _signer(keys).loads(text))
        except BadData:
            raise _invalid() from None
        customer, revoked, expires_at = content
        return str(customer), int(revoked), int(expires_at)


def revocations(found: Subscriber) -> int:
    """How often the customer's links were revoked."""
    return int(found.item.get(REVOKED, 0))


def linked(link: Link, found: Subscriber | None) -> Subscriber:
    """The customer that a link shows. Raises ApiError revoked_link if it may not any more."""
    if found is None or link.revocations != revocations(found):
        raise ApiError(410, "revoked_link", f"This link was withdrawn. {_AGAIN}")
    return found


def revoke(subscribers: Subscribers, customer: str, now: float) -> None:
    """End all links of a customer that were made before. Raises ApiError not_found, SubscriberBusy."""

    def risen(current: Subscriber | None) -> Change:
        if current is None:
            raise ApiError(404, "not_found", "No subscriber has this identifier.")
        return Change({REVOKED: revocations(current) + 1})

    subscribers.change(customer, risen, now)


def _signer(keys: tuple[str, ...]) -> URLSafeSerializer:
    """Signs with the last key and verifies with any."""
    return URLSafeSerializer(list(keys), salt="usage page", signer_kwargs={"digest_method": hashlib.sha256})


def _invalid() -> ApiError:
    return ApiError(404, "invalid_link", f"This is not a link to a usage page, or not all of it. {_AGAIN}")
