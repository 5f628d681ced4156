"""A small HTTP server on 127.0.0.1, whose handlers may also close a connection without an answer."""

import socket
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

IDLE_SECONDS = 300


class LoopbackHandler(BaseHTTPRequestHandler):
    """One connection. Subclasses define ``do_GET`` and so on and finish with ``respond``."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    wbufsize = -1  # Head and body leave in one packet; two packets would wait for each other's acknowledgement.
    disable_nagle_algorithm = True

    def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Sends the whole answer, with the length of the body among its headers."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing goes to the terminal; each server keeps a log of its own."""


class LoopbackServer(ThreadingHTTPServer):
    """Serves in a thread between ``start`` and ``stop``, or inside a ``with`` block. Port 0 takes any free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, handler: type[LoopbackHandler]) -> None:
        """Binds the port at once. Raises OSError if it is taken."""
        super().__init__(("127.0.0.1", port), handler)
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Begins to answer; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stops answering and closes the connections that clients keep alive."""
        if self._thread.is_alive():
            self.shutdown()
        for connection in list(self._connections):
            self.shutdown_request(connection)
        self.server_close()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Notes the connection, so that ``stop`` can close it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forgets the connection and closes it."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints faults of ours, not the end of a client's connection."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
