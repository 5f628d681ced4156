"""The stand-in as a program: the engine's port, which closes while it is down, and a port for its admin interface."""

import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from local.yawl_engine import admin, interface_a, interface_b, log_gateway, resource_gateway
from local.yawl_engine.answers import Answer, ServletFailure, page_of_failure
from local.yawl_engine.engine import Engine
from local.yawl_engine.faults import REQUESTS, Fault
from marketplace_local.loopback import LoopbackHandler, LoopbackServer

POISONED = "Database persistence failure detected"
#: Paths of the web applications below the engine's port.
YAWL, RESOURCES = "/yawl", "/resourceService"


class StandInEngine:
    """The engine in this process, between the ends of a ``with`` block.

    port: of the engine, admin_port: of the admin interface and the page; 0 takes any free one. The rest: as ``Engine``.
    """

    def __init__(self, port: int = 0, admin_port: int = 0, now: Callable[[], float] = time.time, **engine: Any) -> None:
        """Raises OSError if a port is taken."""
        self.engine: Engine = Engine(now, **engine)
        #: Requests by path and action.
        self.calls: Counter[str] = Counter()
        self._stack = ExitStack()
        # A socket that never listens keeps the port while the engine is down.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", port))
        self.port = self._reserved.getsockname()[1]
        self._server: _EngineServer | None = None
        self._admin = admin.AdminServer(admin_port, self)

    @property
    def url(self) -> str:
        """The address of the engine's web application."""
        return f"http://127.0.0.1:{self.port}{YAWL}"

    @property
    def resource_url(self) -> str:
        """The address of the resource service's web application."""
        return f"http://127.0.0.1:{self.port}{RESOURCES}"

    @property
    def admin_url(self) -> str:
        """The address of the admin interface, and of the page that shows cases and calls."""
        return self._admin.url

    @property
    def running(self) -> bool:
        """Whether the engine's port is open."""
        return self._server is not None

    def __enter__(self) -> Self:
        self._admin.start()
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        self._admin.stop()
        self._reserved.close()

    def start(self) -> None:
        """Starts the engine: it calls its services first, and opens its port after that."""
        if self._server is None:
            self.engine.wake_up()
            self._server = _EngineServer(self.port, self)
            self._server.start()

    def stop(self) -> None:
        """The engine is down: its port refuses connections. Its database stays."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self.engine.shut_down()

    def restart(self) -> None:
        """``stop`` and ``start``."""
        self.stop()
        self.start()

    def arm(self, kind: str, **fault: Any) -> Fault:
        """One fault, see ``local.yawl_engine.faults``: ``arm("failure", action="getCaseEvent", times=2)``."""
        return self.engine.arm(Fault(kind, **fault))

    def answer(self, path: str, given: dict[str, str]) -> Answer | None:
        """The answer to a request; None closes the connection without one."""
        action = given.get("action", "")
        self.calls[f"{path} {action}"] += 1
        fault = self.engine.faults.take(REQUESTS, action, path)
        if fault is not None:
            if fault.kind == "drop":
                return None
            if fault.kind == "slow":
                time.sleep(fault.seconds)
            if fault.kind == "session-ends":
                self.engine.sessions.close_all()
            if own := _of_fault(fault):
                return own
        try:
            answer = _dispatch(self.engine, path, given)
        except ServletFailure as failure:
            return page_of_failure(str(failure))
        poisoned = fault is not None and fault.kind == "poisoned"
        return page_of_failure(POISONED) if poisoned and path in (f"{YAWL}/ia", f"{YAWL}/ib") else answer


def _of_fault(fault: Fault) -> Answer | None:
    html = "text/html;charset=utf-8"
    answers = {
        "failure": Answer(f"<failure>{fault.text}</failure>"),
        "empty": Answer(""),
        "null": Answer("null"),
        "page": Answer("<!doctype html><html><body>The engine is being maintained.</body></html>", 200, html),
        "server-error": page_of_failure(fault.text),
        "redirect": Answer("", 302, html, location="/login.html"),
    }
    return answers.get(fault.kind)


def _dispatch(engine: Engine, path: str, given: dict[str, str]) -> Answer:
    if path == f"{YAWL}/ia":
        return Answer(interface_a.answer(engine, given))
    if path == f"{YAWL}/ib":
        return Answer(interface_b.answer(engine, given))
    if path == f"{YAWL}/logGateway":
        return Answer(log_gateway.answer(engine, given))
    if path == f"{RESOURCES}/logGateway":
        return resource_gateway.answer(engine, given)
    return Answer("<!doctype html><html><body>HTTP Status 404</body></html>", 404, "text/html;charset=utf-8")


class _EngineServer(LoopbackServer):
    def __init__(self, port: int, owner: StandInEngine) -> None:
        super().__init__(port, _Handler)
        self.owner = owner


class _Handler(LoopbackHandler):
    server: _EngineServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        given = dict(parse_qsl("&".join(filter(None, (parts.query, body))), keep_blank_values=True))
        answer = self.server.owner.answer(parts.path, given)
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.kind)
        if answer.location:
            self.send_header("Location", answer.location)
        # The clock of the engine's machine, and no length, as Tomcat answers.
        self.send_header("Date", formatdate(self.server.owner.engine.now(), usegmt=True))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        content = answer.body.encode()
        chunks = [content] if content else []
        self.wfile.write(b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""]))

    do_POST = do_GET
