"""The page's forms, turned into requests of the admin interface."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from marketplace_local.admin import api as admin_api
from marketplace_local.clock import iso
from marketplace_local.errors import AdminError
from marketplace_local.state import MarketplaceState

Form = Mapping[str, str]
#: The fields with the bought units of a contract dimension have this prefix.
UNITS = "units."
MONTH_SECONDS = 30 * 86400


def submit(state: MarketplaceState, path: str, form: Form) -> str:
    """Does what a form asks for; returns the path of the page to show next. Raises AdminError."""
    action = _FORMS.get(path)
    if action is None:
        raise AdminError(f"there is no form {path}", 404)
    return action(state, form)


def _admin(state: MarketplaceState, path: str, body: Mapping[str, Any], method: str = "POST") -> dict[str, Any]:
    return admin_api.answer(state, method, f"/_local/{path}", {}, body)


def _product(state: MarketplaceState, form: Form) -> str:
    names = {name: form.get(name, "").replace(",", " ").split() for name in ("dimensions", "contractDimensions")}
    _admin(state, "products", {**{k: form[k] for k in ("productCode", "integration") if form.get(k)}, **names})
    if form.get("fulfilmentUrl"):
        listing = f"products/{quote(form['productCode'], safe='')}/listing"
        _admin(state, listing, {"fulfilmentUrl": form["fulfilmentUrl"]})
    return "/"


def _buy(state: MarketplaceState, form: Form) -> str:
    units = {name.removeprefix(UNITS): _whole(text) for name, text in form.items() if name.startswith(UNITS)}
    until = iso(state.now() + _whole(form.get("months") or "12") * MONTH_SECONDS)
    bought = [{"dimension": name, "value": units[name], "expiresAt": until} for name in units if units[name]]
    body = {"productCode": form.get("productCode"), "kind": form.get("kind") or "license", "entitlements": bought}
    found = _admin(state, "buyers", body | {"freeTrial": form.get("freeTrial") == "on", "activatedAt": "now"})
    return f"/buyers/{found['id']}"


def _buyer(state: MarketplaceState, form: Form) -> str:
    name = form.get("id", "")
    _admin(state, f"buyers/{quote(name, safe='')}/{form.get('do', '')}", {})
    return f"/buyers/{name}"


def _fault(state: MarketplaceState, form: Form) -> str:
    body: dict[str, Any] = {name: form[name] for name in ("kind", "operation", "error") if form.get(name)}
    if form.get("kind") == "slow":
        body["seconds"] = 5.0
    _admin(state, "faults", body | {"times": 1})
    return "/"


def _no_faults(state: MarketplaceState, form: Form) -> str:
    _admin(state, "faults", {}, "DELETE")
    return "/"


def _clock(state: MarketplaceState, form: Form) -> str:
    _admin(state, "clock", {"advance": form["advance"]} if form.get("advance") else {"now": form.get("now", "")})
    return "/"


def _whole(text: str) -> int:
    if not text.strip().isdecimal():
        raise AdminError(f"{text!r} is not a whole number")
    return int(text)


_FORMS: dict[str, Callable[[MarketplaceState, Form], str]] = {
    "/page/product": _product,
    "/page/buy": _buy,
    "/page/buyer": _buyer,
    "/page/fault": _fault,
    "/page/no-faults": _no_faults,
    "/page/clock": _clock,
}
