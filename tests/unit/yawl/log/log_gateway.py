"""A log gateway in this process, which gives answers captured from an engine or made up, and notes the questions."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qsl

from stacks.synth import ROOT

CAPTURES = ROOT / "tests" / "events" / "yawl"
#: What a captured handle is replaced by: a session of its own for each login.
HANDLE = "00000000-0000-4000-8000-{:012}"


@dataclass(frozen=True)
class Reply:
    """One prepared answer. write: writes the body itself, without a length, until the caller hangs up."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[BufferedIOBase], object] | None = None


def text(body: str) -> Reply:
    return Reply(body.encode())


def capture(name: str) -> dict[str, Any]:
    exchange: dict[str, Any] = json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))
    return exchange


def captured(name: str) -> Reply:
    """The answer as the engine gave it, apart from the framing, which the server makes anew."""
    response = capture(name)["response"]
    kept = {key: value for key, value in response["headers"].items() if key in ("Content-Type", "Date", "Set-Cookie")}
    return Reply(response["body"].encode(), response["status"], kept)


def fields_of(body: str) -> dict[str, str]:
    """A form's fields."""
    return dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))


def asked_in(name: str) -> dict[str, str]:
    """The fields that were captured, without the session."""
    fields = fields_of(capture(name)["request"]["body"])
    return {key: value for key, value in fields.items() if key != "sessionHandle"}


class LogGateway:
    """answers: by action, in turn; the last one stays. Without one of its own, ``connect`` gives a new session."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: dict[str, list[Reply]] = {}
        self.questions: list[dict[str, str]] = []
        self.paths: list[str] = []

    def answer(self, action: str, *replies: Reply) -> None:
        self.answers[action] = list(replies)

    def asked(self, action: str) -> list[dict[str, str]]:
        return [question for question in self.questions if question.get("action") == action]

    def reply(self, path: str, body: str) -> Reply:
        question = fields_of(body)
        self.questions.append(question)
        self.paths.append(path)
        waiting = self.answers.get(question["action"], [])
        if waiting:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if question["action"] == "connect":
            return text(HANDLE.format(len(self.asked("connect"))))
        return Reply()


@contextmanager
def served(tls: Any = None) -> Iterator[LogGateway]:
    """A gateway on a free port. tls: an SSLContext, for https."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
            reply = gateway.reply(self.path, body)
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.write:
                self.close_connection = True
                self.end_headers()
                with suppress(OSError):
                    reply.write(self.wfile)
                return
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        # A caller that hangs up is what some tests are about.
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    gateway = LogGateway(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/yawl")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
