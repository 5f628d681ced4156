"""The proxy's server, in this process. It passes requests without a fault on unchanged.

It keeps the ``Host`` header of the proxy, because the sender's signature covers it.
"""

import json
import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from local.fault_proxy.faults import WORK_IS_DONE, ProxyFault, ProxyFaults, answer_of
from local.fault_proxy.request import Request
from marketplace_local.loopback import LoopbackHandler, LoopbackServer

#: Seconds that the local cloud may take for one request.
TIMEOUT = 60.0
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}

Response = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Met:
    """A request that met a fault. ``passed_on``: DynamoDB did the work. ``status``: the answer's, None if none left."""

    operation: str
    tables: frozenset[str]
    kind: str
    passed_on: bool
    status: int | None


class FaultProxy(LoopbackServer):
    """``with FaultProxy() as proxy``, then ``forward_to``. ``log``: requests that met a fault, in order."""

    def __init__(self) -> None:
        super().__init__(0, _Handler)
        self.faults = ProxyFaults()
        self.log: list[Met] = []
        self._upstream: urllib3.HTTPConnectionPool | None = None

    def forward_to(self, endpoint: str) -> None:
        """``http://127.0.0.1:<port>`` of the local cloud; before this call the proxy answers every request 503."""
        parts = urllib3.util.parse_url(endpoint)
        assert parts.host is not None and parts.port is not None, endpoint
        self._upstream = urllib3.HTTPConnectionPool(
            parts.host, parts.port, maxsize=64, timeout=TIMEOUT, retries=False, block=False
        )

    def arm(self, kind: str, **fault: Any) -> ProxyFault:
        """One fault, see ``local.fault_proxy.faults``: ``arm("throttle", operation="UpdateItem", times=3)``."""
        return self.faults.arm(ProxyFault(kind, **fault))

    def disarm(self, *faults: ProxyFault) -> None:
        """Disarms these faults, or all if none is named."""
        self.faults.disarm(*faults)

    def pass_on(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """The local cloud's answer. Raises urllib3's errors."""
        if self._upstream is None:
            return 503, {}, b""
        answer = self._upstream.urlopen(method, path, body=body, headers=headers, decode_content=False)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return answer.status, kept, answer.data

    def stop(self) -> None:
        """Disarms all faults, so that no request hangs, then stops the server and closes its connections."""
        self.disarm()
        super().stop()
        if self._upstream is not None:
            self._upstream.close()


class _Handler(LoopbackHandler):
    server: FaultProxy

    def do_POST(self) -> None:
        proxy = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = None
        if proxy.faults.armed():
            request = Request.of(self.headers.get("X-Amz-Target") or "", body)
            fault = proxy.faults.take(request)
        if fault is None:
            self.respond(*self._pass_on(body))
            return
        if fault.kind == "slow":
            fault.disarmed.wait(fault.seconds)
        passed_on = fault.kind in WORK_IS_DONE and not (fault.kind == "slow" and self._sender_has_gone())
        response = self._pass_on(body) if passed_on else None
        if own := answer_of(fault.kind, request):
            response = own[0], {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(own[1]).encode()
        elif fault.kind != "slow":
            response = None
        proxy.log.append(
            Met(request.operation, request.tables, fault.kind, passed_on, response[0] if response else None)
        )
        if response is None:
            self.close_connection = True
        else:
            self.respond(*response)

    def _pass_on(self, body: bytes) -> Response:
        try:
            return self.server.pass_on(self.command, self.path, dict(self.headers.items()), body)
        except urllib3.exceptions.HTTPError as error:
            # The caller sees what it would see of the local cloud itself: a connection that breaks.
            raise ConnectionAbortedError(str(error)) from None

    def _sender_has_gone(self) -> bool:
        """Whether the other side closed the connection: an open one sends nothing before it is answered."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
