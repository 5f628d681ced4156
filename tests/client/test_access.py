"""``AccessClient.may_use``: the access function's own answers over a signed socket, and what is said without them."""

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from buyer.access_terms import AccessRules
from buyer.handlers import access
from ledger import tables
from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import MemoryDynamoDB
from marketplace.dimensions import Dimension
from marketplace.products import Product, Products
from runtime import clock
from tests.unit.messages import Context
from yawl_metering import AccessClient, AccessUnknown, InvalidUsage

CUSTOMER = "l-1"
START = 1_796_000_000.0
HOUR = 3600.0
PRODUCT = Product(
    code="prod",
    integration="license",
    pricing_model="subscription",
    dimensions={"api calls": Dimension(name="api calls", unit="call")},
)


class Api(ThreadingHTTPServer):
    """The function behind API Gateway. fault: a status, or a body, to answer with instead of the function's answer."""

    daemon_threads = True

    def __init__(self, memory: MemoryDynamoDB) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1/"
        self.table: Any = memory.Table(tables.SUBSCRIBERS.name)
        self.now = START
        self.fault: int | bytes | None = None
        self.asked: list[tuple[str, int]] = []

    def subscriber(self, status: str = "active", **more: Any) -> None:
        item = {"customerIdentifier": CUSTOMER, "subscriptionStatus": status, "productCode": "prod"}
        self.table.put_item(Item={**item, "lastNoticeAt": Decimal(1_795_000_000), **more})


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        fault = self.server.fault
        if fault is not None:
            self._answer(fault if isinstance(fault, int) else 200, {}, fault if isinstance(fault, bytes) else b"{}")
            return
        assert "AWS4-HMAC-SHA256" in self.headers["Authorization"]
        parts = urlsplit(self.path)
        path = unquote(parts.path.removeprefix("/v1"))
        event = {
            "resource": path,
            "path": path,
            "httpMethod": "GET",
            "headers": dict(self.headers),
            "multiValueHeaders": {},
            "queryStringParameters": dict(parse_qsl(parts.query)) or None,
            "multiValueQueryStringParameters": None,
            "requestContext": {"path": self.path, "httpMethod": "GET", "identity": {}},
            "body": None,
            "isBase64Encoded": False,
        }
        context: Any = Context()
        answer = access.handler(json.loads(json.dumps(event)), context)
        headers = {name: ", ".join(values) for name, values in answer["multiValueHeaders"].items()}
        self._answer(answer["statusCode"], headers, (answer["body"] or "").encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.server.asked.append((self.path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def rules(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    monkeypatch.setenv("ACCESS", AccessRules(**changes).to_json())
    access.rules.cache_clear()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    memory = with_tables(MemoryDynamoDB())
    monkeypatch.setattr("ledger.dynamodb.connect", lambda: memory)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SUBSCRIBERS_TABLE": tables.SUBSCRIBERS.name,
        "PRODUCTS": Products((PRODUCT,)).to_json(),
    }.items():
        monkeypatch.setenv(name, value)
    rules(monkeypatch, stale_after_hours=24, when_stale="refuse", cache_seconds=60)
    access.subscribers.cache_clear()
    access.products.cache_clear()
    server = Api(memory)
    monkeypatch.setattr(clock, "now", lambda: server.now)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def client(api: Api, **options: Any) -> AccessClient:
    return AccessClient(api.url, clock=lambda: api.now, **options)


def test_it_says_what_the_api_says(api: Api) -> None:
    api.subscriber()
    asks = client(api)
    found = asks.may_use(CUSTOMER)
    assert (bool(found), found.reason, found.known_at, found.asked_at) == (True, "active", 1_795_000_000, START)
    assert asks.may_use(CUSTOMER, "api calls").allowed
    assert asks.may_use(CUSTOMER, "another").reason == "no_entitlement"
    assert not asks.may_use("l-unheard-of")
    assert api.asked[1][0].endswith("/access?dimension=api%20calls")


def test_an_answer_is_used_again_for_its_max_age(api: Api) -> None:
    api.subscriber()
    asks = client(api)
    asks.may_use(CUSTOMER)
    api.subscriber("cancelled")
    api.now += 59.5
    assert asks.may_use(CUSTOMER).allowed
    assert len(api.asked) == 1
    api.now += 0.5
    assert asks.may_use(CUSTOMER).reason == "revoked"


def test_an_answer_that_did_not_change_is_not_sent_again(api: Api) -> None:
    api.subscriber()
    asks = client(api)
    asks.may_use(CUSTOMER)
    api.now += 60
    again = asks.may_use(CUSTOMER)
    assert (again.allowed, again.asked_at, again.remembered) == (True, START + 60, False)
    assert [status for _, status in api.asked] == [200, 304]
    api.now += 59
    asks.may_use(CUSTOMER)
    assert len(api.asked) == 2
    # The day for which the last answer holds began anew.
    api.fault = 503
    api.now = START + 60 + 24 * HOUR - 1
    assert asks.may_use(CUSTOMER).allowed


@pytest.mark.parametrize(("when_stale", "allowed"), [("refuse", False), ("allow", True)])
@pytest.mark.parametrize("fault", [429, 500, 503, 403, b"not JSON", b"[]", b'{"allowed": true}'])
def test_without_an_answer_the_last_one_holds_and_then_the_setting(
    api: Api, monkeypatch: pytest.MonkeyPatch, fault: int | bytes, when_stale: Any, allowed: bool
) -> None:
    rules(monkeypatch, stale_after_hours=2, when_stale=when_stale, cache_seconds=60)
    api.subscriber()
    asks = client(api)
    asks.may_use(CUSTOMER)
    api.fault = fault
    api.now = START + 2 * HOUR - 1
    before = asks.may_use(CUSTOMER)
    assert (before.allowed, before.reason, before.remembered, before.asked_at) == (True, "active", True, START)
    api.now = START + 2 * HOUR
    after = asks.may_use(CUSTOMER)
    assert (after.allowed, after.reason, after.remembered) == (allowed, "stale", True)


def test_failing_open_opens_nothing_that_was_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    rules(monkeypatch, stale_after_hours=2, when_stale="allow", cache_seconds=60)
    api.subscriber("cancelled")
    asks = client(api)
    asks.may_use(CUSTOMER)
    api.fault = 503
    api.now = START + 3 * HOUR
    assert (asks.may_use(CUSTOMER).allowed, asks.may_use(CUSTOMER).reason) == (False, "stale")


def test_an_end_comes_without_the_api(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    rules(monkeypatch, when_stale="allow", cache_seconds=60)
    api.subscriber("pending_cancellation", acceptsUntil=int(START) + 100)
    asks = client(api)
    assert asks.may_use(CUSTOMER).reason == "ending"
    api.fault = 503
    api.now = START + 99
    assert asks.may_use(CUSTOMER).allowed
    api.now = START + 100
    assert (asks.may_use(CUSTOMER).allowed, asks.may_use(CUSTOMER).reason) == (False, "ended")


@pytest.mark.parametrize(("when_unknown", "allowed"), [("refuse", False), ("allow", True)])
def test_before_the_first_answer_the_app_decides(api: Api, when_unknown: Any, allowed: bool) -> None:
    api.fault = 503
    found = client(api, when_unknown=when_unknown).may_use(CUSTOMER)
    assert (found.allowed, found.reason, found.remembered) == (allowed, "stale", True)


def test_by_default_what_is_unknown_is_an_error(api: Api) -> None:
    api.fault = 503
    with pytest.raises(AccessUnknown, match="HTTP 503"):
        client(api).may_use(CUSTOMER)


def test_an_api_that_fails_is_not_asked_with_every_call(api: Api) -> None:
    api.subscriber()
    asks = client(api)
    asks.may_use(CUSTOMER)
    api.fault = 503
    api.now += 60
    for _ in range(3):
        assert asks.may_use(CUSTOMER).remembered
    assert len(api.asked) == 2
    api.fault = None
    api.now += 4.9
    assert asks.may_use(CUSTOMER).remembered
    api.now += 0.1
    assert not asks.may_use(CUSTOMER).remembered


def test_an_api_that_nobody_reaches_is_one_that_fails(api: Api) -> None:
    asks = AccessClient("http://127.0.0.1:9", region="us-east-1", when_unknown="refuse", timeout=1)
    assert not asks.may_use(CUSTOMER)


def test_a_question_that_the_api_refuses_is_an_error_and_no_key_is_none(api: Api) -> None:
    asks = client(api, when_unknown="allow")
    with pytest.raises(AccessUnknown, match="HTTP 400"):
        asks.may_use(CUSTOMER, "d" * 256)
    with pytest.raises(InvalidUsage):
        asks.may_use("")


def test_as_many_answers_are_kept_as_the_app_says(api: Api) -> None:
    api.subscriber()
    with client(api, remembered=2) as asks:
        for dimension in ("a", "b", "c"):
            asks.may_use(CUSTOMER, dimension)
        asks.may_use(CUSTOMER, "b")
        asks.may_use(CUSTOMER, "c")
        assert len(api.asked) == 3
        asks.may_use(CUSTOMER, "a")
        assert len(api.asked) == 4


def test_a_word_that_is_no_setting_is_refused(api: Api) -> None:
    with pytest.raises(ValueError, match="when_unknown"):
        client(api, when_unknown="perhaps")
