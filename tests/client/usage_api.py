"""The project's usage API on a loopback port: its own handler over its own stores on moto, signatures checked.

What stands for AWS here is API Gateway's part alone: the signature is computed anew by botocore and compared, and the
request becomes a proxy event. Faults are set by number of the request.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ledger import tables
from tests.client.door import DIMENSIONS
from tests.contracts.stores import Ledger
from tests.products import sold
from tests.unit.messages import Context

KEY, SECRET, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1"
CUSTOMERS = ("l-1", "l-2")
#: The environment of a caller that the API lets in.
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": REGION}


class UsageApi(ThreadingHTTPServer):
    """``url`` is what the output ``ApiUrl`` would be. ``fault`` answers "" or a status to answer with instead of the
    handler, or "lost": the handler's work is done and the connection closed."""

    daemon_threads = True

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ledger = ledger
        self.url = f"http://127.0.0.1:{self.server_port}/prod"
        self.fault: Callable[[int], str] = lambda _: ""
        self.numbers = 0
        #: Requests are handled one by one, since moto is in memory.
        self.one_by_one = threading.Lock()
        self.bodies: list[bytes] = []
        self.unsigned = 0

    def counted(self, dimension: str = "api_calls") -> dict[str, Decimal]:
        """Recorded units by customer, over all hours."""
        found = dict.fromkeys(CUSTOMERS, Decimal(0))
        for customer in CUSTOMERS:
            for record in self.ledger.records.of_customer(customer, 0, 2**33, 100):
                found[customer] += sum(n for (name, _), n in record.counted.items() if name == dimension)
        return found


class _Handler(BaseHTTPRequestHandler):
    server: UsageApi
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        from usage.handlers import usage as handlers

        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) < int(self.headers["Content-Length"]):  # The caller was killed while it sent.
            self.close_connection = True
            return
        if not self._signed(body):
            self.server.unsigned += 1
            self._answer(403, b'{"message": "The request signature we calculated does not match"}')
            return
        with self.server.one_by_one:
            self.server.numbers += 1
            self.server.bodies.append(body)
            fault = self.server.fault(self.server.numbers)
            if fault.isdigit():
                self._answer(int(fault), b"{}")
                return
            path = self.path.removeprefix("/prod")
            context: Any = Context()
            answer = handlers.handler(_event(path, dict(self.headers.items()), body), context)
        if fault == "lost":
            self.close_connection = True
            return
        self._answer(answer["statusCode"], answer["body"].encode())

    def _signed(self, body: bytes) -> bool:
        """As AWS checks it: the signature is computed once more from what arrived."""
        fields = self.headers.get("Authorization", "").partition(" ")[2].split(",")
        parts = dict(field.strip().split("=", 1) for field in fields if "=" in field)
        names = parts.get("SignedHeaders", "").split(";")
        if not {"host", "x-amz-date"} <= set(names) or "Credential" not in parts:
            return False
        request = AWSRequest("POST", f"http://{self.headers['Host']}{self.path}", data=body)
        for name in names:
            request.headers[name] = self.headers[name]
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        auth = SigV4Auth(Credentials(KEY, SECRET), "execute-api", REGION)
        string = auth.string_to_sign(request, auth.canonical_request(request))
        return parts["Credential"] == auth.scope(request) and parts["Signature"] == auth.signature(string, request)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _event(path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"requestId": "r", "stage": "prod", "path": path, "httpMethod": "POST", "identity": {}},
        "body": body.decode(),
        "isBase64Encoded": False,
    }


@contextmanager
def serving(ledger: Ledger, patch: pytest.MonkeyPatch) -> Iterator[UsageApi]:
    """The API with two customers who have been active since 2020, in the function's environment."""
    from usage.handlers import usage as handlers

    settings = {
        "SUBSCRIBERS_TABLE": tables.SUBSCRIBERS.name,
        "USAGE_EVENTS_TABLE": tables.USAGE_EVENTS.name,
        "METERING_RECORDS_TABLE": tables.METERING_RECORDS.name,
        "PRODUCTS": sold(DIMENSIONS).to_json(),
        "PENDING_SHARDS": "1",
        "REPORTERS": "[]",
    }
    for name, value in settings.items():
        patch.setenv(name, value)
    handlers.settings.cache_clear()
    handlers.stores.cache_clear()
    handlers.products.cache_clear()
    for customer in CUSTOMERS:
        ledger.subscriber_items.put_item(
            Item={
                "customerIdentifier": customer,
                "subscriptionStatus": "active",
                "activePeriods": [{"start": 1577836800}],
            }
        )
    server = UsageApi(ledger)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
