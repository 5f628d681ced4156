"""Redeeming a hand-over: the vendor's app learns once who has come, and what was bought."""

from dataclasses import dataclass
from typing import Any

from buyer.handover.token import Handovers
from buyer.purchase import purchase
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace.products import Products
from runtime.api_error import ApiError


@dataclass(frozen=True)
class Redeemer:
    """Redeems the hand-overs of a stage. products: what is sold."""

    handovers: Handovers
    subscribers: Subscribers
    notices: Notices
    products: Products

    def redeem(self, text: str, now: float) -> dict[str, Any]:
        """The buyer and its purchase, once for each hand-over.

        The subscriber is read first, so that a store that fails uses nothing up. Raises ApiError invalid_handover,
        expired_handover, used_handover, not_found or unavailable.
        """
        handover = self.handovers.open(text, now)
        found = self.subscribers.get(handover.customer_identifier)
        if found is None:
            raise ApiError(404, "not_found", "No subscriber has this identifier.")
        if not self.notices.use_up(handover.id, until=handover.expires_at, now=now):
            message = "This hand-over was redeemed before. The buyer gets a new one from the registration page."
            raise ApiError(409, "used_handover", message, cause={"customer": found.customer_identifier})
        return {"customerIdentifier": found.customer_identifier, **purchase(found, self.products)}
