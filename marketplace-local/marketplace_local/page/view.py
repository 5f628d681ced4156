"""What the page shows: templates filled in from the state. Jinja2 escapes every value."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from marketplace_local import rule_book
from marketplace_local.admin.buyers import describe_buyer
from marketplace_local.clock import MovableClock, iso
from marketplace_local.faults.armed import KINDS, OPERATIONS
from marketplace_local.notices.of_buyer import notices_of
from marketplace_local.page.forms import UNITS
from marketplace_local.state import MarketplaceState

FOLDER = Path(__file__).parent
FILES = {"/style.css": "text/css; charset=utf-8", "/refresh.js": "text/javascript; charset=utf-8"}
#: The page shows at most so many calls, and as many records.
SHOWN = 50
_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def file(path: str) -> bytes:
    """The content of one of ``FILES``, by its path."""
    return (FOLDER / path.removeprefix("/")).read_bytes()


def home(state: MarketplaceState, problem: str = "") -> str:
    """The first page; ``problem``: why the last form was refused."""
    return _render(
        "home.html.j2",
        problem=problem,
        products=list(state.catalogue.products.values()),
        buyers=[(buyer, status(state, buyer.id)) for buyer in state.catalogue.buyers.values()],
        faults=state.faults.describe(state.now()),
        # A fault of kind status needs a buyer's id, which the admin interface takes.
        kinds=[kind for kind in KINDS if kind != "status"],
        operations=OPERATIONS,
        movable=isinstance(state.now, MovableClock),
        units=UNITS,
        **_watched(state),
    )


def watch(state: MarketplaceState) -> str:
    """The part of the first page that its script refreshes."""
    return _render("watch.html.j2", **_watched(state))


def rules() -> str:
    """The page with the rule book."""
    return _render("rules.html.j2", rules=rule_book.rules().values())


def buyer(state: MarketplaceState, buyer_id: str) -> str:
    """A buyer with its token, its actions and the notices that AWS would have sent. Raises AdminError 404."""
    found = state.catalogue.buyer(buyer_id)
    tokens = [value for value, token in state.tokens.items() if token.buyer is found]
    return _render(
        "buyer.html.j2",
        buyer=describe_buyer(found),
        status=status(state, buyer_id),
        token=tokens[-1] if tokens else "",
        fulfilment_url=_web_address(state.catalogue.product(found.product_code).fulfilment_url),
        notices=notices_of(found, state.now()),
    )


def status(state: MarketplaceState, buyer_id: str) -> str:
    """How a buyer stands now, in words."""
    found = state.catalogue.buyer(buyer_id)
    now = state.now()
    if found.suspended:
        return "suspended"
    if not found.periods:
        return "not started"
    end = found.periods[-1].end
    if end is None:
        return "active"
    return "ending" if now < end else "ended"


def fulfilment_origins(state: MarketplaceState) -> set[str]:
    """The origins to which a registration token may be posted."""
    urls = [urlsplit(_web_address(product.fulfilment_url)) for product in state.catalogue.products.values()]
    return {f"{url.scheme}://{url.netloc}" for url in urls if url.netloc}


def _web_address(url: str | None) -> str:
    return url if url and re.match("https?://[A-Za-z0-9.-]+(:[0-9]+)?(/|$)", url) else ""


def _watched(state: MarketplaceState) -> dict[str, Any]:
    calls = state.log.calls[-SHOWN:][::-1]
    refused = [(call, call.outcome, call.rule, call.message, "") for call in calls if call.outcome != "answered"]
    refused += [
        (call, result["status"], result["rule"], f"{result['buyer']} {result['dimension']}", result["timestamp"])
        for call in calls
        for result in call.results
        if result["status"] != "Success"
    ]
    return {
        "now": iso(int(state.now())),
        "summary": state.log.summary(),
        "calls": calls,
        "accepted": state.log.accepted[-SHOWN:][::-1],
        "refused": sorted(refused, key=lambda entry: -entry[0].seq)[:SHOWN],
        "rules": rule_book.rules(),
        "shown": SHOWN,
    }


def _render(template: str, **values: Any) -> str:
    return _TEMPLATES.get_template(template).render(values)
