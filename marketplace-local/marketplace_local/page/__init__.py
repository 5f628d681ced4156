"""The page for people: buy, cancel, renew, expire, break the next call, move the clock, and watch what happens.

Everything works without scripts; one refreshes the lists of calls. The forms use the admin interface's operations.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from marketplace_local.errors import AdminError
from marketplace_local.page import forms, view
from marketplace_local.state import MarketplaceState

Response = tuple[int, Mapping[str, str], bytes]
_HTML = "text/html; charset=utf-8"


def answer(state: MarketplaceState, method: str, path: str, form: Mapping[str, str]) -> Response:
    """Status, headers and body of one request of the page. A form that succeeds leads back to the page it stands on."""
    with state.lock:
        try:
            if method == "POST":
                return HTTPStatus.SEE_OTHER, {"Location": quote(forms.submit(state, path, form), safe="/")}, b""
            if method == "GET":
                return _shown(state, path)
        except AdminError as error:
            text = view.home(state, problem=str(error))
            return error.status, _headers(state, _HTML), text.encode()
    return HTTPStatus.METHOD_NOT_ALLOWED, {}, b""


def _shown(state: MarketplaceState, path: str) -> Response:
    if kind := view.FILES.get(path):
        return HTTPStatus.OK, _headers(state, kind), view.file(path)
    if path == "/":
        text = view.home(state)
    elif path == "/watch":
        text = view.watch(state)
    elif path == "/rules":
        text = view.rules()
    elif path.startswith("/buyers/"):
        text = view.buyer(state, unquote(path.removeprefix("/buyers/")))
    else:
        raise AdminError(f"there is no page {path}", HTTPStatus.NOT_FOUND)
    return HTTPStatus.OK, _headers(state, _HTML), text.encode()


def _headers(state: MarketplaceState, kind: str) -> dict[str, Any]:
    """Nothing but this server's own style and script; forms go to this server, and a token to its fulfilment URL."""
    targets = " ".join(["'self'", *sorted(view.fulfilment_origins(state))])
    policy = f"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action {targets}"
    return {
        "Content-Type": kind,
        "Content-Security-Policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'",
        "Cache-Control": "no-store",
        # Not no-referrer: with that, browsers hide the Origin of this page's own forms.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
