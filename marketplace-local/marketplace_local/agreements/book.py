"""The agreements of all buyers, as the Agreement API lists them. Times are epoch seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marketplace_local.catalogue import Buyer, PastAgreement
from marketplace_local.catalogue.listing import product_id
from marketplace_local.errors import ServiceError
from marketplace_local.notices import SELLER_ACCOUNT
from marketplace_local.state import MarketplaceState

TYPE = "PurchaseAgreement"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One agreement of a buyer. end: when it ended, or when its contract does; None for one without an end."""

    buyer: Buyer
    id: str
    offer_id: str
    product_id: str
    product_type: str
    status: str
    start: float
    end: float | None
    updated: float

    def shown(self) -> dict[str, Any]:
        """The agreement as an AgreementViewSummary."""
        found: dict[str, Any] = {
            "agreementId": self.id,
            "agreementType": TYPE,
            "acceptanceTime": int(self.start),
            "startTime": int(self.start),
            "lastUpdateTime": int(self.updated),
            "acceptor": {"accountId": self.buyer.account_id},
            "proposer": {"accountId": SELLER_ACCOUNT},
            "proposalSummary": {
                "resources": [{"id": self.product_id, "type": self.product_type}],
                "offerId": self.offer_id,
            },
            "status": self.status,
            "entitlements": licences(self),
            "initialAgreementId": initial(self),
        }
        return found if self.end is None else {**found, "endTime": int(self.end)}


def entries(state: MarketplaceState) -> Iterator[Entry]:
    """Every agreement that has been accepted by now."""
    for buyer in state.catalogue.buyers.values():
        yield from entries_of(state, buyer)


def entries_of(state: MarketplaceState, buyer: Buyer) -> Iterator[Entry]:
    """The agreements of one buyer's licence, oldest first."""
    for past in buyer.past:
        yield _entry(state, buyer, past)
    if buyer.periods:
        last = buyer.periods[-1]
        start = buyer.agreement_start if buyer.agreement_start is not None else last.start
        expires = max((held.expires_at or 0.0 for held in buyer.entitlements), default=0.0) or None
        ended = last.end is not None and last.end <= state.now()
        updated = max(start, buyer.updated_at, last.end if ended and last.end else start)
        now = PastAgreement(
            id=buyer.agreement_id,
            offer_id=buyer.offer_id,
            status=buyer.end_status if ended else "ACTIVE",
            start=start,
            end=last.end if last.end is not None else expires,
            updated=updated,
        )
        yield _entry(state, buyer, now)


def _entry(state: MarketplaceState, buyer: Buyer, agreement: PastAgreement) -> Entry:
    product = state.catalogue.product(buyer.product_code)
    return Entry(
        buyer=buyer,
        id=agreement.id,
        offer_id=agreement.offer_id,
        product_id=product_id(product),
        product_type=product.entity_type,
        status=agreement.status,
        start=agreement.start,
        end=agreement.end,
        updated=agreement.updated,
    )


def known(state: MarketplaceState, agreement_id: str) -> Entry:
    """Rule G09: the agreement. Raises ResourceNotFoundException if there is none."""
    for entry in entries(state):
        if entry.id == agreement_id:
            return entry
    raise ServiceError("ResourceNotFoundException", f"there is no agreement {agreement_id}", rule="G09")


def initial(entry: Entry) -> str:
    """Rule G07: the first agreement of a chain; its own id if it follows none."""
    return entry.buyer.initial_agreement_id or (entry.buyer.past[0].id if entry.buyer.past else entry.id)


def licences(entry: Entry) -> list[dict[str, str]]:
    """Rule G08: the licences of its entitlements."""
    return [{"licenseArn": entry.buyer.license_arn}]
