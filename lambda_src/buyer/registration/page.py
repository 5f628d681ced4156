"""The registration pages: plain HTML without scripts, every value escaped, nothing that a browser may keep.

The texts are in ``pages``: one file for each page, whose first line is its title. ``$name`` stands for a value.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from buyer.registration.contact import LONGEST_EMAIL, LONGEST_NAME

_PAGES = Path(__file__).with_name("pages")
_STYLE = (_PAGES / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_TYPE = "text/html; charset=utf-8"
#: A page has these headers beside those of every answer: no script at all, forms post to us only, no page frames ours.
HEADERS: dict[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
}


def begin() -> str:
    """The page for a request without a token: a bookmark, a refresh, a check of the address."""
    return _page("no_token")


def registration(session: str, typed: Mapping[str, str] | None = None, complaint: str = "") -> str:
    """The form. It posts to ``registrations`` beside this address, so that it works under any path of a gateway.

    The e-mail field is not of type email: there browsers refuse addresses in other scripts than Latin.

    typed: the values that the buyer has filled in already. complaint: why the form is shown again.
    """
    values = {name: (typed or {}).get(name, "") for name in ("email", "company", "name")}
    longest = {"longest_email": str(LONGEST_EMAIL), "longest_name": str(LONGEST_NAME)}
    return _page("welcome", session=session, complaint=complaint, **values, **longest)


def registered(customer_identifier: str) -> str:
    """The page after the form."""
    return _page("registered", customer=customer_identifier)


def refused(message: str, code: str, *, again: bool) -> str:
    """The page for a refused request. again: the same request may pass later. code: for the seller's support."""
    return _page("try_again" if again else "refused", message=message, code=code)


def _page(page: str, /, **values: str) -> str:
    title, _, content = _text(page).partition("\n")
    escaped = {key: escape(value) for key, value in values.items()}
    filled = Template(content).substitute(escaped, way_back=_text("way_back"))
    return Template(_text("layout")).substitute(title=title, style=_STYLE, content=filled)


@cache
def _text(name: str) -> str:
    return (_PAGES / f"{name}.html").read_text(encoding="utf-8")
