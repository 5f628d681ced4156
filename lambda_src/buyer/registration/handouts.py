"""What a registration hands out: a session for the page, and a hand-over into the vendor's app."""

from dataclasses import dataclass
from typing import Any

from buyer.handover.token import Handovers
from buyer.purchase import purchase
from buyer.registration.page import Shown
from buyer.registration.session import Session, Sessions
from buyer.registration.standing import standing
from ledger.subscriber import Subscriber
from marketplace.products import Products
from runtime import clock


@dataclass(frozen=True, kw_only=True)
class Handouts:
    """Sessions and hand-overs of a stage. handovers: None where the stage has no app for them. products: what is
    sold. confirm_within: seconds in which AWS Marketplace confirms a subscription."""

    sessions: Sessions
    handovers: Handovers | None
    products: Products
    confirm_within: int

    def session(self, found: Subscriber, now: float) -> str:
        """A new session of the buyer. Raises ApiError unavailable."""
        return self.sessions.issue(Session(found.customer_identifier, found.product_code or "", int(now)))

    def shown(self, found: Subscriber, session: str, now: float) -> Shown:
        """What a page shows of a registered buyer. Raises ApiError unavailable."""
        stands = standing(found, confirm_within=self.confirm_within, now=now)
        issued = self._handover(found, now) if stands.state not in ("failed", "ended") else None
        return Shown(subscriber=found, standing=stands, session=session, handover=issued["token"] if issued else None)

    def answer(self, found: Subscriber, now: float) -> dict[str, Any]:
        """What a program learns of a registered buyer. Raises ApiError unavailable."""
        issued = self._handover(found, now)
        return {**purchase(found, self.products), **({"handover": issued} if issued else {})}

    def _handover(self, found: Subscriber, now: float) -> dict[str, str] | None:
        if self.handovers is None:
            return None
        token, made = self.handovers.issue(found.customer_identifier, found.product_code or "", now)
        return {"url": self.handovers.audience, "token": token, "expiresAt": clock.iso(made.expires_at)}
