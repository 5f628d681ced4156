"""The local Marketplace over HTTP, on 127.0.0.1 only: AWS's interface, the admin interface and a page for people."""

import json
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from marketplace_local import api, page
from marketplace_local.admin import api as admin_api
from marketplace_local.api import ApiAnswer
from marketplace_local.catalogue import api as catalog_api
from marketplace_local.clock import Clock, MovableClock
from marketplace_local.errors import AdminError
from marketplace_local.invoices import api as agreements
from marketplace_local.loopback import LoopbackHandler, LoopbackServer
from marketplace_local.state import MarketplaceState

#: AWS takes 1 MB a request; the server reads a little more, so that the rule can answer.
LARGEST_BODY = 4_000_000


class LocalMarketplace(LoopbackServer):
    """The server in this process: ``with LocalMarketplace() as marketplace: marketplace.url``.

    port: 0 takes any free one. now, monotonic: the clocks of the rules and of the quota. log_file: the server appends
    each accepted record to it as a JSON line. seed: as for ``MarketplaceState``.
    """

    def __init__(
        self,
        port: int = 0,
        now: Clock | None = None,
        monotonic: Clock = time.monotonic,
        log_file: Path | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(port, _Handler)
        self._new_state = partial(MarketplaceState, now or MovableClock(), monotonic, log_file, seed)
        self.state = self._new_state()

    def reset(self) -> None:
        """Forgets everything but the time: products, buyers, records, log, faults, settings."""
        self.state = self._new_state()


class _Handler(LoopbackHandler):
    server: LocalMarketplace

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_DELETE = do_HEAD = do_PUT = do_GET

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        state = self.server.state
        if parts.path.startswith("/_local/"):
            self._admin(parts.path, query, body)
        elif operation := catalog_api.OPERATIONS.get((self.command, parts.path)):
            answer = api.catalog_answer(state, operation, self.headers.get, query, body)
            self._respond_as_aws(answer, "application/json")
        elif self.command == "POST" and parts.path.startswith(agreements.CBOR_PREFIX):
            self._respond_in_cbor(parts.path.removeprefix(agreements.CBOR_PREFIX), body)
        elif self.command == "POST" and parts.path == "/":
            self._respond_as_aws(api.answer(state, self.headers.get, body), "application/x-amz-json-1.1")
        elif not self._is_local():
            self._refuse(403, "forbidden", "the page is for a browser on this machine, by the address of this server")
        else:
            form = dict(parse_qsl(body.decode("utf-8", "replace")))
            self.respond(*page.answer(state, self.command, parts.path, form))

    def _respond_as_aws(self, answer: ApiAnswer, kind: str) -> None:
        if answer.lost:
            self.close_connection = True
            return
        headers = {"Content-Type": kind, "x-amzn-RequestId": answer.request_id or str(uuid.uuid4())}
        headers |= {"x-amzn-errortype": answer.error} if answer.error else {}
        self.respond(answer.status, headers, json.dumps(answer.body).encode())

    def _respond_in_cbor(self, operation: str, body: bytes) -> None:
        answer = api.agreement_answer(self.server.state, operation, self.headers.get, body)
        if answer.lost:
            self.close_connection = True
            return
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        self.respond(answer.status, headers, agreements.encoded(operation, answer.body, error=bool(answer.error)))

    def _admin(self, path: str, query: dict[str, str], body: bytes) -> None:
        if self.headers.get("Origin") or not self._is_local():
            self._refuse(403, "bad_request", "the admin interface answers programs on this machine only")
            return
        try:
            given = json.loads(body or b"{}")
            if not isinstance(given, dict):
                raise AdminError("the body must be a JSON object")
            found = admin_api.answer(self.server.state, self.command, path, query, given)
            self.respond(200, {"Content-Type": "application/json"}, json.dumps(found).encode())
        except AdminError as error:
            self._refuse(error.status, "not_found" if error.status == 404 else "bad_request", str(error))
        except ValueError:
            self._refuse(400, "bad_request", "the body is not JSON")

    def _is_local(self) -> bool:
        """No other site reaches the page or the admin interface: not by a name of its own for 127.0.0.1, which ``Host``
        shows, and not by a form or a script, which ``Origin`` shows (browsers send it with every POST).
        """
        hosts = [f"{name}:{self.server.server_port}" for name in ("127.0.0.1", "localhost")]
        host = self.headers.get("Host")
        origin = self.headers.get("Origin") or (self.command == "POST" and self.path.startswith("/page/") and "none")
        return host in hosts and (not origin or origin == f"http://{host}")

    def _body(self) -> bytes | None:
        """The request's body; None if it has no length or is too large: the server refuses it and closes."""
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding") or not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._refuse(413, "RequestEntityTooLargeException", f"a body needs a length, at most {LARGEST_BODY} bytes")
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: int, code: str, message: str) -> None:
        body: dict[str, Any] = {"error": {"code": code, "message": message}}
        headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
        self.respond(status, headers, json.dumps(body).encode())
