"""The local Marketplace over HTTP, on 127.0.0.1 only."""

import json
import socket
import sys
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from marketplace_local import admin_api, api, catalog_api, page
from marketplace_local.clock import Clock
from marketplace_local.errors import AdminError
from marketplace_local.state import MarketplaceState

#: a request of AWS's is at most 1 MB; a little more is read, so that the rule can answer
LARGEST_BODY = 4_000_000
IDLE_SECONDS = 300
_HOSTS = ("127.0.0.1", "localhost")


class _Server(ThreadingHTTPServer):
    """Knows its open connections, so that stopping it also ends those that clients keep alive."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, state: MarketplaceState) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.state = state
        self.open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    wbufsize = -1  # head and body in one packet; two would wait for each other's acknowledgement
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/":
            self._send(200, page.render(self.server.state).encode(), "text/html; charset=utf-8")
        elif not self._catalog():
            self._admin()

    def do_DELETE(self) -> None:
        self._admin()

    def do_POST(self) -> None:
        if self.path.startswith("/_local/"):
            self._admin()
            return
        if self._catalog():
            return
        raw = self._body()
        if raw is None:
            return
        given = api.answer(self.server.state, self.headers.get, raw)
        if given.lost:
            self.close_connection = True
            return
        extra = {"x-amzn-errortype": given.error} if given.error else {}
        self._send(given.status, json.dumps(given.body).encode(), "application/x-amz-json-1.1", extra)

    def _catalog(self) -> bool:
        """Answers the Catalog API's paths; False for any other."""
        parts = urlsplit(self.path)
        operation = catalog_api.OPERATIONS.get((self.command, parts.path))
        if operation is None:
            return False
        raw = self._body()
        if raw is not None:
            query = dict(parse_qsl(parts.query))
            given = api.catalog_answer(self.server.state, operation, self.headers.get, query, raw)
            extra = {"x-amzn-errortype": given.error} if given.error else {}
            self._send(given.status, json.dumps(given.body).encode(), "application/json", extra)
        return True

    def _admin(self) -> None:
        raw = self._body()
        if raw is None:
            return
        parts = urlsplit(self.path)
        try:
            self._refuse_strangers()
            body = json.loads(raw or b"{}")
            if not isinstance(body, dict):
                raise AdminError("the body must be a JSON object")
            found = admin_api.answer(self.server.state, self.command, parts.path, dict(parse_qsl(parts.query)), body)
            self._send(200, json.dumps(found).encode(), "application/json")
        except AdminError as error:
            self._refuse(error.status, "not_found" if error.status == 404 else "bad_request", str(error))
        except ValueError:
            self._refuse(400, "bad_request", "the body is not JSON")

    def _refuse_strangers(self) -> None:
        """A page in a browser must not reach the admin interface: not by a name that resolves to us, nor by a form."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if self.client_address[0] != "127.0.0.1" or host not in _HOSTS or self.headers.get("Origin"):
            raise AdminError("the admin interface answers programs on this machine only", 403)

    def _body(self) -> bytes | None:
        """The request's body; None if it was refused (no length, or too large), which closes the connection."""
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding") or not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._refuse(413, "RequestEntityTooLargeException", f"a body needs a length, at most {LARGEST_BODY} bytes")
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: int, code: str, message: str) -> None:
        body = {"error": {"code": code, "message": message}}
        self._send(status, json.dumps(body).encode(), "application/json", {"x-amzn-errortype": code})

    def _send(self, status: int, body: bytes, kind: str, extra: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are in the Marketplace's own log, never on the terminal."""


class LocalMarketplace:
    """The server in this process. ``with LocalMarketplace() as marketplace: marketplace.url``.

    port: 0 takes any free one. now, monotonic: the clocks of the rules and of the quota. log_file: each accepted record
    is appended there as a JSON line. seed: as of ``MarketplaceState``.
    """

    def __init__(
        self,
        port: int = 0,
        now: Clock | None = None,
        monotonic: Clock = time.monotonic,
        log_file: Path | None = None,
        seed: int | None = None,
    ) -> None:
        self._new_state = partial(MarketplaceState, now, monotonic, log_file, seed)
        self._server = _Server(port, self._new_state())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def state(self) -> MarketplaceState:
        """All that it remembers."""
        return self._server.state

    def reset(self) -> None:
        """Forgets everything: products, buyers, records, log, faults, switches."""
        self._server.state = self._new_state()

    def start(self) -> None:
        """Begins to answer; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stops answering, also on connections that are still open."""
        if self._thread.is_alive():
            self._server.shutdown()
        for connection in list(self._server.open):
            self._server.shutdown_request(connection)
        self._server.server_close()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
