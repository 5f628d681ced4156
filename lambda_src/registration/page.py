"""The registration pages: plain HTML without scripts, every value escaped, nothing that a browser may keep. Pure."""

import base64
import hashlib
from html import escape

from registration.submission import LONGEST_EMAIL, LONGEST_NAME

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}label{display:block;margin:1rem 0 .25rem;font-weight:600}"
    "input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid #6b6b6b;border-radius:4px}"
    "button{margin-top:1.5rem;font:inherit;padding:.6rem 1.4rem;border:0;border-radius:4px;background:#0b5cad;"
    "color:#fff}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: no script at all, forms only to ourselves, no framing; the token on the page goes into no cache and no referrer
HEADERS: dict[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=31536000",
}
CONTENT_TYPE = "text/html; charset=utf-8"


def registration(token: str) -> str:
    """The form. It posts to ``registrations`` beside this address, so that it works under any path of a gateway."""
    return _page(
        "Set up your account",
        "<p>Thank you for subscribing in AWS Marketplace. One more step: tell us who you are.</p>"
        '<form method="post" action="registrations" accept-charset="utf-8">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        '<label for="email">E-mail</label><input id="email" name="email" type="email" required '
        f'autocomplete="email" maxlength="{LONGEST_EMAIL}">'
        '<label for="company">Company</label><input id="company" name="company" autocomplete="organization" '
        f'maxlength="{LONGEST_NAME}">'
        '<label for="name">Your name</label><input id="name" name="name" autocomplete="name" '
        f'maxlength="{LONGEST_NAME}">'
        '<button type="submit">Register</button></form>',
    )


def registered(customer_identifier: str) -> str:
    """The page after the form."""
    return _page(
        "You are registered",
        "<p>Your account is being set up. It becomes active as soon as AWS Marketplace confirms the subscription.</p>"
        f"<p>Your customer number: <strong>{escape(customer_identifier)}</strong></p>",
    )


def refused(message: str, code: str) -> str:
    """The page for a request that was refused; the code is for the support."""
    return _page("This did not work", f'<p role="alert">{escape(message)}</p><p>Code: {escape(code)}</p>')


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
