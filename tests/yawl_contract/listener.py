"""A service that an engine announces to. It keeps each request word for word, and the path says how it behaves."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

#: The last part of a registered path → what a POST gets: a status, or None for a closed connection.
BEHAVIOURS: dict[str, int | None] = {"ok": 200, "error": 500, "moved": 302, "drops": None}
#: The same for HEAD; what is not here gets 200.
HEADS: dict[str, int | None] = {"head-404": 404, "head-drops": None, "head-moved": 302}


@dataclass(frozen=True)
class Request:
    """One request. headers: in their order, spelled as they came."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def fields(self) -> dict[str, str]:
        """The body's form fields, in their order."""
        return dict(parse_qsl(self.body, keep_blank_values=True))


class Listener:
    """Listens between the ends of a ``with`` block. ``http.server`` would not show how headers are spelled."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests: list[Request] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.close()

    def of(self, path: str, method: str = "POST", **fields: str) -> list[Request]:
        """The requests to this path whose form has these fields."""
        return [
            request
            for request in list(self.requests)
            if (request.method, request.path) == (method, path) and fields.items() <= request.fields.items()
        ]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            connection.settimeout(30)
            line = stream.readline().decode("latin-1").split()
            if len(line) != 3:
                return
            method, path, _ = line
            headers = []
            while text := stream.readline().decode("latin-1").strip():
                name, _, value = text.partition(": ")
                headers.append((name, value))
            length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
            body = stream.read(length).decode("ascii")
            self.requests.append(Request(method, path, tuple(headers), body))
            name = path.partition("?")[0].rpartition("/")[2]
            status = HEADS.get(name, 200) if method == "HEAD" else BEHAVIOURS.get(name, 200)
            if status is not None:
                moved = f"Location: {self.address}/elsewhere\r\n" if status == 302 else ""
                answer = f"HTTP/1.1 {status} X\r\n{moved}Content-Length: 0\r\nConnection: close\r\n\r\n"
                connection.sendall(answer.encode("ascii"))


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits until the condition holds; an engine works in the background. Raises AssertionError after so long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
