"""An app that buyers of AWS Marketplace come into: it redeems the hand-over, links the purchase, signs the buyer in.

    API=https://….execute-api.us-east-1.amazonaws.com/v1 python handover_app.py

A WSGI application on the standard library and botocore (``pip install botocore``). Its AWS credentials need
``execute-api:Invoke`` on ``POST/handovers/redeem`` and ``POST/subscribers/*/link``. docs/handover.md explains it.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterable
from html import escape
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.session import get_session

LARGEST_FORM = 16 * 1024
#: What the app says of a refusal. In every case the buyer begins again at AWS Marketplace, or reloads the page there.
REFUSED = {
    "expired_handover": "The button was pressed too late. Go back and get a new one.",
    "used_handover": "This button was pressed before. Go back and get a new one.",
}
Call = Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]]]


def signed_calls(api: str, region: str, credentials: Any) -> Call:
    """Posts JSON to a path of the API, signed with SigV4; the answer's status and JSON."""
    http = URLLib3Session(timeout=10)

    def call(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        request = AWSRequest("POST", f"{api}{path}", {"Content-Type": "application/json"}, json.dumps(body))
        SigV4Auth(credentials, "execute-api", region).add_auth(request)
        answer = http.send(request.prepare())
        return answer.status_code, json.loads(answer.content)

    return call


class App:
    """accounts: the app's accounts by id, with what their buyers bought. signed_in: accounts by session cookie."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.accounts: dict[str, dict[str, Any]] = {}
        self.signed_in: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        route = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if route == ("POST", "/marketplace/sign-in"):
            status, headers, body = self.sign_in(environ)
        elif route == ("GET", "/"):
            status, headers, body = self.home(environ)
        else:
            status, headers, body = "404 Not Found", [], page("There is nothing here")
        start_response(status, [*headers, ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")])
        return [body.encode()]

    def sign_in(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], str]:
        """The registration page's form: its field ``handover`` is good once, so nothing else is trusted here."""
        length = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST_FORM)
        form = parse_qs(environ["wsgi.input"].read(length).decode("utf-8", "replace"))
        status, said = self._call("/handovers/redeem", {"handover": form.get("handover", [""])[0]})
        if status != 200:
            # A store that is busy answers 503 and has used nothing up: the buyer may press the button again.
            code = said.get("error", {}).get("code", "")
            return "400 Bad Request", [], page(REFUSED.get(code, "Please begin again in AWS Marketplace."))
        account = said.get("linkedAccount") or self.new_account(said["customerIdentifier"])
        # What the buyer may use follows from ``status``: "pending" becomes "active" once AWS Marketplace confirms.
        self.accounts[account] = said
        session = secrets.token_urlsafe(32)
        self.signed_in[session] = account
        cookie = f"session={session}; Path=/; HttpOnly; SameSite=Lax"
        return "303 See Other", [("Location", "/"), ("Set-Cookie", cookie)], ""

    def new_account(self, customer: str) -> str:
        """A new account, to which the purchase is linked: the next hand-over of this buyer names it. An app with a
        sign-in of its own asks here whether the buyer has an account already."""
        account = f"acct-{secrets.token_hex(6)}"
        status, said = self._call(f"/subscribers/{customer}/link", {"account": account})
        if status == 409:
            # Another request of the same buyer was faster.
            return str(said["error"]["details"]["linkedAccount"])
        if status != 200:
            raise RuntimeError(f"the purchase could not be linked: {said}")
        return account

    def home(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], str]:
        """What a signed-in buyer sees."""
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("session")
        account = self.signed_in.get(cookie.value) if cookie else None
        if account is None:
            return "200 OK", [], page("Please sign in")
        bought = ", ".join(f"{held['dimension']}: {held['value']}" for held in self.accounts[account]["entitlements"])
        return "200 OK", [], page(f"Welcome, {account}", f"{self.accounts[account]['status']}: {bought}")


def page(title: str, text: str = "") -> str:
    """A page with a title and a sentence."""
    return (
        f'<!doctype html><html lang="en"><title>{escape(title)}</title>'
        f"<main><h1>{escape(title)}</h1><p>{escape(text)}</p></main></html>"
    )


if __name__ == "__main__":
    session = get_session()
    region = session.get_config_variable("region") or "us-east-1"
    app = App(signed_calls(os.environ["API"].rstrip("/"), region, session.get_credentials()))
    with make_server("127.0.0.1", int(os.environ.get("PORT", "8097")), app) as server:
        server.serve_forever()
