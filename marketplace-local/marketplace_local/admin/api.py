"""The requests of the admin interface, without HTTP: settings, clock, faults and the log."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, get_args

from marketplace_local.admin.buyers import add_buyer, buyer_request, describe_buyer
from marketplace_local.admin.products import add_product, change_listing, text
from marketplace_local.call_log import DEFAULT_PAGE, LARGEST_PAGE, CallLog
from marketplace_local.clock import MovableClock, from_iso, iso
from marketplace_local.errors import AdminError
from marketplace_local.faults.armed import CallFault
from marketplace_local.faults.at_random import RandomFaults
from marketplace_local.invoices.data_feeds import feeds
from marketplace_local.invoices.misstated import Misstatement
from marketplace_local.rules.deduplication import IdenticalResend
from marketplace_local.rules.window import UsageAfterEnd
from marketplace_local.state import MarketplaceState

Body = Mapping[str, Any]


def answer(state: MarketplaceState, method: str, path: str, query: Mapping[str, str], body: Body) -> dict[str, Any]:
    """One admin request; ``path`` begins with ``/_local/``. Raises AdminError."""
    parts = path.removeprefix("/_local/").strip("/").split("/")
    with state.lock:
        if parts[0] == "buyers" and len(parts) > 1:
            return buyer_request(state, method, state.catalogue.buyer(parts[1]), parts[2:], body)
        if method == "POST" and parts[0] == "products" and parts[2:] == ["listing"]:
            return change_listing(state, parts[1], body)
        if action := POSTS.get("/".join(parts)) if method == "POST" else None:
            return action(state, body)
        if method == "DELETE" and parts == ["faults"]:
            state.faults.clear()
            state.random_faults = RandomFaults()
            return {"faults": []}
        if view := GETS.get("/".join(parts)) if method == "GET" else None:
            return view(state, query)
    raise AdminError(f"there is no {method} {path}", 404)


def _set_settings(state: MarketplaceState, body: Body) -> dict[str, Any]:
    if body.get("identicalResend", "Success") not in get_args(IdenticalResend):
        raise AdminError(f"identicalResend must be one of {', '.join(get_args(IdenticalResend))}")
    if body.get("usageAfterEnd", "Success") not in get_args(UsageAfterEnd):
        raise AdminError(f"usageAfterEnd must be one of {', '.join(get_args(UsageAfterEnd))}")
    rate = body.get("callsPerSecond", 0)
    if not isinstance(body.get("emptyPages", False), bool) or not isinstance(rate, int | float) or rate < 0:
        raise AdminError("emptyPages must be true or false, callsPerSecond a number from 0 (0: no quota)")
    minutes = body.get("tokenMinutes", state.settings.token_seconds / 60)
    if not isinstance(minutes, int | float) or minutes <= 0:
        raise AdminError("tokenMinutes must be a number above 0")
    state.settings.token_seconds = minutes * 60
    state.settings.usage_after_end = body.get("usageAfterEnd", state.settings.usage_after_end)
    state.settings.identical_resend = body.get("identicalResend", state.settings.identical_resend)
    state.settings.empty_pages = body.get("emptyPages", state.settings.empty_pages)
    if "callsPerSecond" in body:
        state.rate.quotas["BatchMeterUsage"] = float(rate)
    return {**asdict(state.settings), "callsPerSecond": state.rate.quotas["BatchMeterUsage"]}


def _set_clock(state: MarketplaceState, body: Body) -> dict[str, Any]:
    """``{now: ISO}`` or ``{advance: seconds}``. Raises AdminError 409 for a clock that another program owns."""
    if not isinstance(state.now, MovableClock):
        raise AdminError("this Marketplace goes by the clock of the program that runs it", 409)
    try:
        moment = from_iso(body["now"]) if "now" in body else state.now() + float(body["advance"])
        shown = iso(moment)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise AdminError("the clock takes now (an ISO 8601 time with a zone) or advance (seconds)") from None
    state.now.set(moment)
    return {"now": shown}


def _arm(state: MarketplaceState, body: Body) -> dict[str, Any]:
    state.faults.arm(CallFault.from_request(dict(body)))
    return {"faults": state.faults.describe(state.now())}


def _arm_at_random(state: MarketplaceState, body: Body) -> dict[str, Any]:
    state.random_faults = RandomFaults.from_request(body)
    return state.random_faults.describe()


def _misstate(state: MarketplaceState, body: Body) -> dict[str, Any]:
    state.misstatements.entries.append(Misstatement.from_request(dict(body)))
    return {"misstatements": [asdict(entry) for entry in state.misstatements.entries]}


def _name_caller(state: MarketplaceState, body: Body) -> dict[str, Any]:
    state.trail.callers[text(body, "accessKey")] = text(body, "role")
    return {"callers": dict(state.trail.callers)}


def _log_page(name: str, entries: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
    try:
        after, limit = int(query.get("after", 0)), int(query.get("limit", DEFAULT_PAGE))
    except ValueError:
        raise AdminError("after and limit must be whole numbers") from None
    if after < 0 or not 1 <= limit <= LARGEST_PAGE:
        raise AdminError(f"after must be from 0, limit from 1 to {LARGEST_PAGE}")
    chosen, following = CallLog.page(entries, after, limit)
    return {name: chosen, "next": following}


POSTS: dict[str, Callable[[MarketplaceState, Body], dict[str, Any]]] = {
    "products": add_product,
    "buyers": add_buyer,
    "settings": _set_settings,
    "clock": _set_clock,
    "faults": _arm,
    "random-faults": _arm_at_random,
    "misstatements": _misstate,
    "callers": _name_caller,
}
GETS: dict[str, Callable[[MarketplaceState, Mapping[str, str]], dict[str, Any]]] = {
    "buyers": lambda state, query: {"buyers": [describe_buyer(buyer) for buyer in state.catalogue.buyers.values()]},
    "faults": lambda state, query: {"faults": state.faults.describe(state.now())},
    "random-faults": lambda state, query: state.random_faults.describe(),
    "feeds": lambda state, query: {"files": feeds(state)},
    "log": lambda state, query: _log_page("calls", state.log.calls, query),
    "log/accepted": lambda state, query: _log_page("accepted", state.log.accepted, query),
    "summary": lambda state, query: dict(state.log.summary()),
    "health": lambda state, query: {"status": "ok", "now": iso(state.now())},
}
