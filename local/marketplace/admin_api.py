"""The admin interface without HTTP: buyers, faults and the log, as the package's docstring describes it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, get_args

from local.marketplace.call_log import DEFAULT_PAGE, LARGEST_PAGE, CallLog
from local.marketplace.catalogue import Buyer, BuyerKind, Entitlement, Integration, Product
from local.marketplace.errors import AdminError
from local.marketplace.faults import Fault
from local.marketplace.random_faults import RandomFaults
from local.marketplace.rules.deduplication import IdenticalResend
from local.marketplace.state import MarketplaceState
from runtime.clock import from_iso, iso

Body = Mapping[str, Any]

_BUYER_ACTIONS = ("activate", "end", "suspend", "resume", "entitlements", "token")


def answer(state: MarketplaceState, method: str, path: str, query: Mapping[str, str], body: Body) -> dict[str, Any]:
    """One admin request; ``path`` begins with ``/_local/``. Raises AdminError."""
    parts = path.removeprefix("/_local/").strip("/").split("/")
    with state.lock:
        if parts[0] == "buyers" and len(parts) > 1:
            return _buyer_request(state, method, state.catalogue.buyer(parts[1]), parts[2:], body)
        if action := _POSTS.get("/".join(parts)) if method == "POST" else None:
            return action(state, body)
        if method == "DELETE" and parts == ["faults"]:
            state.faults.clear()
            state.random_faults = RandomFaults()
            return {"faults": []}
        if view := _GETS.get("/".join(parts)) if method == "GET" else None:
            return view(state, query)
    raise AdminError(f"there is no {method} {path}", 404)


def _buyer_request(state: MarketplaceState, method: str, buyer: Buyer, rest: list[str], body: Body) -> dict[str, Any]:
    if method == "GET" and not rest:
        return describe_buyer(buyer)
    if method != "POST" or len(rest) != 1 or rest[0] not in _BUYER_ACTIONS:
        raise AdminError(f"a buyer takes {', '.join(_BUYER_ACTIONS)}", 404)
    if rest[0] == "token":
        return {"token": state.issue_token(buyer)}
    if rest[0] == "entitlements":
        _set_entitlements(state, buyer, body.get("entitlements"))
    elif rest[0] == "activate":
        buyer.activate(_moment(state, body.get("at")))
    elif rest[0] in ("suspend", "resume"):
        buyer.suspended = rest[0] == "suspend"
    else:
        buyer.end(_moment(state, body.get("at")))
    return describe_buyer(buyer)


def _add_product(state: MarketplaceState, body: Body) -> dict[str, Any]:
    if body.get("integration", "license") not in get_args(Integration):
        raise AdminError(f"integration must be one of {', '.join(get_args(Integration))}")
    product = Product(
        product_code=_text(body, "productCode"),
        integration=body.get("integration", "license"),
        dimensions=_names(body, "dimensions"),
        contract_dimensions=_names(body, "contractDimensions"),
        region=body.get("region") or "us-east-1",
    )
    state.catalogue.add_product(product)
    return {
        "productCode": product.product_code,
        "integration": product.integration,
        "dimensions": sorted(product.dimensions),
        "contractDimensions": sorted(product.contract_dimensions),
        "region": product.region,
    }


def _add_buyer(state: MarketplaceState, body: Body) -> dict[str, Any]:
    if body.get("kind", "license") not in get_args(BuyerKind):
        raise AdminError(f"kind must be one of {', '.join(get_args(BuyerKind))}")
    product = state.catalogue.product(_text(body, "productCode"))
    entitlements = _entitlements(product, body.get("entitlements") or [])
    account_id = body.get("accountId")
    if account_id is not None and not (isinstance(account_id, str) and account_id.isdecimal()):
        raise AdminError("accountId must be digits")
    activated_at = _moment(state, body["activatedAt"]) if body.get("activatedAt") else None
    buyer = state.catalogue.add_buyer(product.product_code, body.get("kind", "license"), account_id)
    buyer.entitlements = entitlements
    if activated_at is not None:
        buyer.activate(activated_at)
    return {**describe_buyer(buyer), "token": state.issue_token(buyer)}


def _set_entitlements(state: MarketplaceState, buyer: Buyer, entries: Any) -> None:
    buyer.entitlements = _entitlements(state.catalogue.product(buyer.product_code), entries)


def _entitlements(product: Product, entries: Any) -> tuple[Entitlement, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AdminError("entitlements must be a list of {dimension, value, expiresAt}")
    held = []
    for entry in entries:
        if entry.get("dimension") not in product.contract_dimensions or not isinstance(
            entry.get("value"), bool | int | float | str
        ):
            raise AdminError("an entitlement needs a contract dimension of the product and a value")
        expires_at = _iso(entry["expiresAt"]) if entry.get("expiresAt") else None
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


def _set_settings(state: MarketplaceState, body: Body) -> dict[str, Any]:
    if body.get("identicalResend", "Success") not in get_args(IdenticalResend):
        raise AdminError(f"identicalResend must be one of {', '.join(get_args(IdenticalResend))}")
    rate = body.get("callsPerSecond", 0)
    if not isinstance(body.get("emptyPages", False), bool) or not isinstance(rate, int | float) or rate < 0:
        raise AdminError("emptyPages must be true or false, callsPerSecond a number from 0 (0: no quota)")
    minutes = body.get("tokenMinutes", state.switches.token_seconds / 60)
    if not isinstance(minutes, int | float) or minutes <= 0:
        raise AdminError("tokenMinutes must be a number above 0")
    state.switches.token_seconds = minutes * 60
    state.switches.identical_resend = body.get("identicalResend", state.switches.identical_resend)
    state.switches.empty_pages = body.get("emptyPages", state.switches.empty_pages)
    if "callsPerSecond" in body:
        state.rate.quotas["BatchMeterUsage"] = float(rate)
    return {**asdict(state.switches), "callsPerSecond": state.rate.quotas["BatchMeterUsage"]}


def _arm(state: MarketplaceState, body: Body) -> dict[str, Any]:
    state.faults.arm(Fault.from_request(dict(body)))
    return {"faults": state.faults.describe(state.now())}


def _arm_at_random(state: MarketplaceState, body: Body) -> dict[str, Any]:
    state.random_faults = RandomFaults.from_request(body)
    return state.random_faults.describe()


def _log_page(name: str, entries: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
    try:
        after, limit = int(query.get("after", 0)), int(query.get("limit", DEFAULT_PAGE))
    except ValueError:
        raise AdminError("after and limit must be whole numbers") from None
    if after < 0 or not 1 <= limit <= LARGEST_PAGE:
        raise AdminError(f"after must be from 0, limit from 1 to {LARGEST_PAGE}")
    chosen, following = CallLog.page(entries, after, limit)
    return {name: chosen, "next": following}


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise AdminError(f"{name} is needed")
    return value


def _names(body: Body, name: str) -> frozenset[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
        raise AdminError(f"{name} must be a list of names")
    return frozenset(value)


def _moment(state: MarketplaceState, text: Any) -> float:
    return state.now() if text in (None, "now") else _iso(text)


def _iso(text: Any) -> float:
    try:
        return from_iso(text)
    except (TypeError, ValueError) as error:
        raise AdminError(f"{text!r} is not a time: {error}") from None


_POSTS: dict[str, Callable[[MarketplaceState, Body], dict[str, Any]]] = {
    "products": _add_product,
    "buyers": _add_buyer,
    "settings": _set_settings,
    "faults": _arm,
    "random-faults": _arm_at_random,
}
_GETS: dict[str, Callable[[MarketplaceState, Mapping[str, str]], dict[str, Any]]] = {
    "buyers": lambda state, query: {"buyers": [describe_buyer(buyer) for buyer in state.catalogue.buyers.values()]},
    "faults": lambda state, query: {"faults": state.faults.describe(state.now())},
    "random-faults": lambda state, query: state.random_faults.describe(),
    "log": lambda state, query: _log_page("calls", state.log.calls, query),
    "log/accepted": lambda state, query: _log_page("accepted", state.log.accepted, query),
    "summary": lambda state, query: dict(state.log.summary()),
    "health": lambda state, query: {"status": "ok", "now": iso(state.now())},
}
