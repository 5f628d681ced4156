"""An agreement is followed by another one: a renewal or a replacement, with the same licence or a new one."""

import hashlib
from typing import Literal

from marketplace_local.catalogue import Buyer, PastAgreement
from marketplace_local.errors import AdminError
from marketplace_local.state import MarketplaceState

#: AgreementStatus of the agreement that was followed.
How = Literal["RENEWED", "REPLACED"]
HOW: tuple[How, ...] = ("RENEWED", "REPLACED")


def succeed(state: MarketplaceState, buyer: Buyer, how: How, *, new_licence: bool, at: float) -> Buyer:
    """The buyer whose agreement follows: the same one, or a new one with a licence of its own in the same account.

    Rule G11: the agreement that was followed ends at that moment. Raises AdminError.
    """
    if not buyer.is_active:
        raise AdminError(f"buyer {buyer.id} is not active")
    start = buyer.agreement_start if buyer.agreement_start is not None else buyer.periods[-1].start
    if at < start:
        raise AdminError("an agreement cannot be followed before it started")
    first = buyer.initial_agreement_id or (buyer.past[0].id if buyer.past else buyer.agreement_id)
    if not new_licence:
        buyer.past.append(PastAgreement(buyer.agreement_id, buyer.offer_id, ended_as(how), start, at, at))
        buyer.previous_agreement_id = buyer.agreement_id
        buyer.agreement_id = _next(buyer.agreement_id)
        buyer.intent, buyer.agreement_start, buyer.updated_at = _INTENT[how], at, at
        return buyer
    if buyer.kind != "license":
        raise AdminError("a buyer by CustomerIdentifier keeps it: its licence is no billing key")
    buyer.end(at)
    buyer.end_status = ended_as(how)
    follower = state.catalogue.add_buyer(buyer.product_code, "license", buyer.account_id)
    follower.entitlements, follower.initial_agreement_id = buyer.entitlements, first
    follower.previous_agreement_id, follower.intent = buyer.agreement_id, _INTENT[how]
    follower.activate(at)
    return follower


def ended_as(how: How) -> str:
    """Rule G11: the status of an agreement that was followed."""
    return how


_INTENT: dict[How, Literal["RENEW", "REPLACE"]] = {"RENEWED": "RENEW", "REPLACED": "REPLACE"}


def _next(agreement_id: str) -> str:
    return f"agmt-{hashlib.sha256(agreement_id.encode()).hexdigest()[:17]}"
