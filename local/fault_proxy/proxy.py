"""The proxy's server, in this process: what is not touched by a fault is passed on as it came.

The ``Host`` header stays that of the proxy, because the sender's signature covers it.
"""

import json
import select
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import urllib3

from local.fault_proxy.faults import WORK_IS_DONE, Fault, FaultBoard, answer_of
from local.fault_proxy.request import Request

IDLE_SECONDS = 300
#: seconds that the local cloud may take for one request
TIMEOUT = 60.0
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@dataclass(frozen=True)
class Met:
    """A request that met a fault. ``passed_on``: the work was done. ``status``: what was answered, None if nothing."""

    operation: str
    tables: frozenset[str]
    kind: str
    passed_on: bool
    status: int | None


class FaultProxy:
    """``with FaultProxy() as proxy``; ``forward_to`` says to whom. ``log``: requests that met a fault, in order."""

    def __init__(self) -> None:
        self.faults = FaultBoard()
        self.log: list[Met] = []
        self._upstream: urllib3.HTTPConnectionPool | None = None
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def forward_to(self, endpoint: str) -> None:
        """``http://127.0.0.1:<port>`` of the local cloud; until this is known every request is answered 503."""
        self._upstream = urllib3.HTTPConnectionPool(
            *_address(endpoint), maxsize=64, timeout=TIMEOUT, retries=False, block=False
        )

    def arm(self, kind: str, **fault: Any) -> Fault:
        """One fault, see ``local.fault_proxy.faults``: ``arm("throttle", operation="UpdateItem", times=3)``."""
        return self.faults.arm(Fault(kind, **fault))

    def disarm(self, *faults: Fault) -> None:
        self.faults.disarm(*faults)

    def pass_on(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """What the local cloud answers. Raises urllib3's errors."""
        if self._upstream is None:
            return 503, {}, b""
        answer = self._upstream.urlopen(method, path, body=body, headers=headers, decode_content=False)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return answer.status, kept, answer.data

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()
        if self._upstream is not None:
            self._upstream.close()


class _Server(ThreadingHTTPServer):
    """Knows its open connections, so that stopping it also ends those that functions keep alive."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        for connection in list(self._open):
            self.shutdown_request(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that was killed is no news; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    wbufsize = -1  # head and body in one packet; two would wait for each other's acknowledgement
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = None
        if proxy.faults.armed():
            request = Request.of(self.headers.get("X-Amz-Target") or "", body)
            fault = proxy.faults.take(request)
        if fault is None:
            self._answer(*self._passed_on(body))
            return
        if fault.kind == "slow":
            fault.disarmed.wait(fault.seconds)
        given = answer_of(fault.kind, request)
        passed_on = fault.kind in WORK_IS_DONE and not (fault.kind == "slow" and self._sender_has_gone())
        answered = self._passed_on(body) if passed_on else None
        if given is not None:
            kind = {"Content-Type": "application/x-amz-json-1.0"}
            answered = given[0], kind, json.dumps(given[1]).encode()
        elif fault.kind != "slow":
            answered = None
        status = answered[0] if answered else None
        proxy.log.append(Met(request.operation, request.tables, fault.kind, passed_on, status))
        if answered is None:
            self.close_connection = True
        else:
            self._answer(*answered)

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        try:
            return self.server.proxy.pass_on(self.command, self.path, dict(self.headers.items()), body)
        except urllib3.exceptions.HTTPError as error:
            # as for whoever calls the local cloud itself: no answer, and nothing known
            raise ConnectionAbortedError(str(error)) from None

    def _sender_has_gone(self) -> bool:
        """Whether the connection was closed from the other side: an open one says nothing before it is answered."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """What met a fault is in the proxy's own log, never on the terminal."""


def _address(endpoint: str) -> tuple[str, int]:
    parts = urllib3.util.parse_url(endpoint)
    assert parts.host is not None and parts.port is not None, endpoint
    return parts.host, parts.port
