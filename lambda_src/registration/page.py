"""The registration pages: plain HTML without scripts, every value escaped, nothing that a browser may keep. Pure."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from registration.contact import LONGEST_EMAIL, LONGEST_NAME

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}label{display:block;margin:1rem 0 .25rem;font-weight:600}"
    "input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid #6b6b6b;border-radius:4px}"
    "button{margin-top:1.5rem;font:inherit;padding:.6rem 1.4rem;border:0;border-radius:4px;background:#0b5cad;"
    "color:#fff}[role=alert]{border-left:4px solid #b3261e;padding-left:.75rem}a{color:#0b5cad}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: beside the headers of every answer: no script at all, forms only to ourselves, no framing
HEADERS: dict[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
}
CONTENT_TYPE = "text/html; charset=utf-8"

_WAY_BACK = (
    "<p>To set up your account:</p>"
    '<ol><li>Sign in to AWS with the account that subscribed, and open <a href="'
    'https://console.aws.amazon.com/marketplace/home#/subscriptions">your subscriptions in AWS Marketplace</a>.</li>'
    "<li>Choose this product, and there <strong>Set up your account</strong>.</li></ol>"
    "<p>AWS Marketplace leads you back here, and what you have registered before is kept.</p>"
)
_AGAIN = "<p>Reload this page to try again.</p>"


def begin() -> str:
    """The page for whoever comes by himself: a bookmark, a refresh, a check of the address."""
    return _page(
        "Begin in AWS Marketplace",
        f"<p>Your registration begins with your subscription in AWS Marketplace.</p>{_WAY_BACK}",
    )


def registration(session: str, typed: Mapping[str, str] | None = None, complaint: str | None = None) -> str:
    """The form. It posts to ``registrations`` beside this address, so that it works under any path of a gateway.

    typed: what the buyer has filled in already. complaint: why the form is there again.
    """
    alert = f'<p role="alert">{escape(complaint)}</p>' if complaint else ""
    # not of type email: browsers refuse addresses in other scripts than Latin there
    email = (
        'required inputmode="email" autocapitalize="none" spellcheck="false" pattern=".+@.+" title="ann@example.com"'
    )
    return _page(
        "Set up your account",
        "<p>Thank you for subscribing in AWS Marketplace. One more step: tell us who you are.</p>"
        f'{alert}<form method="post" action="registrations" accept-charset="utf-8">'
        f'<input type="hidden" name="session" value="{escape(session)}">'
        + _input("email", "E-mail", LONGEST_EMAIL, "email", typed, email)
        + _input("company", "Company", LONGEST_NAME, "organization", typed)
        + _input("name", "Your name", LONGEST_NAME, "name", typed)
        + '<button type="submit">Register</button></form>',
    )


def registered(customer_identifier: str) -> str:
    """The page after the form."""
    return _page(
        "You are registered",
        "<p>Your account is being set up. It becomes active as soon as AWS Marketplace confirms the subscription.</p>"
        f"<p>Your customer number: <strong>{escape(customer_identifier)}</strong></p>",
    )


def refused(message: str, code: str, *, again: bool) -> str:
    """The page for a request that was refused. again: the same request may pass later. The code is for the support."""
    way_on = _AGAIN if again else _WAY_BACK
    return _page("This did not work", f'<p role="alert">{escape(message)}</p>{way_on}<p>Code: {escape(code)}</p>')


def _input(
    name: str, label: str, longest: int, autocomplete: str, typed: Mapping[str, str] | None, more: str = ""
) -> str:
    value = escape((typed or {}).get(name, ""))
    return (
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" autocomplete="{autocomplete}" '
        f'maxlength="{longest}" value="{value}" {more}>'
    )


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
