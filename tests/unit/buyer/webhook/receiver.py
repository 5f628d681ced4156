"""A receiver of webhooks on this machine: it keeps what it gets, and answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class LocalReceiver:
    """statuses: the answers to the next requests; afterwards 204. port: where it listens."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    taken: list[Got] = field(default_factory=list)

    def answer(self, got: Got) -> int:
        """Keep the request; the status to answer."""
        self.got.append(got)
        status = self.statuses.pop(0) if self.statuses else 204
        if status < 300:
            self.taken.append(got)
        return status

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hooks?app=1"


@contextmanager
def receiving(port: int = 0) -> Iterator[LocalReceiver]:
    """A receiver that listens until the end of the block; port 0 is any."""
    receiver = LocalReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.answer(Got(self.path, headers, body)))
            self.send_header("Location", receiver.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
