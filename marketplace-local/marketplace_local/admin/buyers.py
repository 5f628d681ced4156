"""Buyers, as the admin interface makes, changes and shows them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args

from marketplace_local.admin.products import text
from marketplace_local.agreements.succession import HOW, succeed
from marketplace_local.catalogue import Buyer, BuyerKind, Entitlement, Product
from marketplace_local.clock import from_iso, iso
from marketplace_local.errors import AdminError
from marketplace_local.notices.of_buyer import notices_of
from marketplace_local.state import MarketplaceState

Body = Mapping[str, Any]
YEAR_SECONDS = 365 * 86400


def add_buyer(state: MarketplaceState, body: Body) -> dict[str, Any]:
    """A new buyer with its registration token. Raises AdminError."""
    kind, account_id, free_trial = body.get("kind", "license"), body.get("accountId"), body.get("freeTrial", False)
    if kind not in get_args(BuyerKind):
        raise AdminError(f"kind must be one of {', '.join(get_args(BuyerKind))}")
    if account_id is not None and not (isinstance(account_id, str) and account_id.isdecimal()):
        raise AdminError("accountId must be digits")
    if not isinstance(free_trial, bool):
        raise AdminError("freeTrial must be true or false")
    product = state.catalogue.product(text(body, "productCode"))
    entitlements = _entitlements(product, body.get("entitlements") or [])
    activated_at = _moment(state, body["activatedAt"]) if body.get("activatedAt") else None
    buyer = state.catalogue.add_buyer(product.product_code, kind, account_id)
    buyer.entitlements, buyer.free_trial = entitlements, free_trial
    if activated_at is not None:
        buyer.activate(activated_at)
    return {**describe_buyer(buyer), "token": state.issue_token(buyer)}


def buyer_request(state: MarketplaceState, method: str, buyer: Buyer, rest: list[str], body: Body) -> dict[str, Any]:
    """One request about a buyer; ``rest`` is the path behind its id. Raises AdminError."""
    if method == "GET" and not rest:
        return describe_buyer(buyer)
    if method == "GET" and rest == ["notices"]:
        return {"notices": notices_of(buyer, state.now())}
    if method == "POST" and rest == ["token"]:
        return {"token": state.issue_token(buyer)}
    action = ACTIONS.get("/".join(rest)) if method == "POST" else None
    if action is None:
        raise AdminError(f"a buyer takes {', '.join([*ACTIONS, 'token'])}", 404)
    return describe_buyer(action(state, buyer, body) or buyer)


def _activate(state: MarketplaceState, buyer: Buyer, body: Body) -> None:
    buyer.activate(_moment(state, body.get("at")))


def _end(state: MarketplaceState, buyer: Buyer, body: Body) -> None:
    buyer.end(_moment(state, body.get("at")))


def _succeed(state: MarketplaceState, buyer: Buyer, body: Body) -> Buyer:
    """``{how: RENEWED|REPLACED, licence?: same|new, at?}`` → the buyer whose agreement follows."""
    how, licence = body.get("how"), body.get("licence", "same")
    if how not in HOW or licence not in ("same", "new"):
        raise AdminError(f"how is one of {', '.join(HOW)}, licence is same or new")
    return succeed(state, buyer, how, new_licence=licence == "new", at=_moment(state, body.get("at")))


def _lose(state: MarketplaceState, buyer: Buyer, body: Body) -> None:
    """Notices whose names begin so never arrive; an empty list loses none."""
    names = body.get("notices", [""])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise AdminError("notices is a list of what their names begin with")
    buyer.loses = tuple(names)


def _suspend(state: MarketplaceState, buyer: Buyer, body: Body) -> None:
    buyer.suspended = True


def _resume(state: MarketplaceState, buyer: Buyer, body: Body) -> None:
    buyer.suspended = False


def _set_entitlements(state: MarketplaceState, buyer: Buyer, body: Body) -> None:
    buyer.entitlements = _entitlements(state.catalogue.product(buyer.product_code), body.get("entitlements"))
    buyer.updated_at = state.now()


def _renew(state: MarketplaceState, buyer: Buyer, body: Body) -> None:
    """Everything that the contract includes lasts until ``until``; an ended agreement starts again."""
    until = _moment(state, body["until"]) if body.get("until") else state.now() + YEAR_SECONDS
    if not buyer.is_active:
        buyer.activate(state.now())
    buyer.entitlements = tuple(replace(held, expires_at=until) for held in buyer.entitlements)
    buyer.updated_at = state.now()


def _expire(state: MarketplaceState, buyer: Buyer, body: Body) -> None:
    """The contract's term is over: what it includes expires and the agreement ends."""
    buyer.end(state.now())
    buyer.end_status = "EXPIRED"
    buyer.entitlements = tuple(replace(held, expires_at=state.now()) for held in buyer.entitlements)


#: Each returns the buyer to show, where that is another one.
ACTIONS: dict[str, Callable[[MarketplaceState, Buyer, Body], Buyer | None]] = {
    "activate": _activate,
    "end": _end,
    "suspend": _suspend,
    "resume": _resume,
    "entitlements": _set_entitlements,
    "renew": _renew,
    "expire": _expire,
    "succeed": _succeed,
    "lose": _lose,
}


def _entitlements(product: Product, entries: Any) -> tuple[Entitlement, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AdminError("entitlements must be a list of {dimension, value, expiresAt}")
    held = []
    for entry in entries:
        if entry.get("dimension") not in product.contract_dimensions or not isinstance(
            entry.get("value"), bool | int | float | str
        ):
            raise AdminError("an entitlement needs a contract dimension of the product and a value")
        expires_at = _time(entry["expiresAt"]) if entry.get("expiresAt") else None
        held.append(Entitlement(entry["dimension"], entry["value"], expires_at))
    return tuple(held)


def describe_buyer(buyer: Buyer) -> dict[str, Any]:
    """A buyer as the admin interface shows it; never with its token."""
    shown: dict[str, Any] = {
        "id": buyer.id,
        "kind": buyer.kind,
        "productCode": buyer.product_code,
        "accountId": buyer.account_id,
        "licenseArn": buyer.license_arn,
        "agreementId": buyer.agreement_id,
        "offerId": buyer.offer_id,
        "suspended": buyer.suspended,
        "freeTrial": buyer.free_trial,
        "periods": [{"start": iso(p.start), "end": _shown(p.end)} for p in buyer.periods],
        "entitlements": [
            {"dimension": e.dimension, "value": e.value, "expiresAt": _shown(e.expires_at)} for e in buyer.entitlements
        ],
    }
    if buyer.customer_identifier:
        shown["customerIdentifier"] = buyer.customer_identifier
    return shown


def _shown(moment: float | None) -> str | None:
    return None if moment is None else iso(moment)


def _moment(state: MarketplaceState, text: Any) -> float:
    return state.now() if text in (None, "now") else _time(text)


def _time(text: Any) -> float:
    try:
        return from_iso(text)
    except (TypeError, ValueError) as error:
        raise AdminError(f"{text!r} is not a time: {error}") from None
