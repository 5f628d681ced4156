"""The fault proxy does what its table lists, as boto3's client and the server behind the proxy see it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local.fault_proxy import FaultProxy, ProxyFault
from tests.local.stage.acting import wait_until

TABLE, OTHER = "one", "another"
KEY = {"customer": {"S": "ada"}}


class Behind(BaseHTTPRequestHandler):
    """The server behind: answers every request with an empty item, and remembers it."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        self.seen.append((operation, self.headers["Host"], json.loads(body).get("TableName", "")))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def behind() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Its address, and the requests that reached it: operation, Host header, table."""
    seen: list[tuple[str, str, str]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Remembering", (Behind,), {"seen": seen}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def seen(behind: tuple[str, list[tuple[str, str, str]]]) -> list[tuple[str, str, str]]:
    return behind[1]


@pytest.fixture
def proxy(behind: tuple[str, list[tuple[str, str, str]]]) -> Iterator[FaultProxy]:
    with FaultProxy() as proxy:
        proxy.forward_to(behind[0])
        yield proxy


@pytest.fixture
def dynamodb(proxy: FaultProxy) -> Any:
    return client(proxy, tries=1)


def client(proxy: FaultProxy, tries: int) -> Any:
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=proxy.url,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"mode": "standard", "total_max_attempts": tries}),
    )


def get(dynamodb: Any, table: str = TABLE) -> Any:
    return dynamodb.get_item(TableName=table, Key=KEY)


def write(dynamodb: Any, *tables: str) -> Any:
    return dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": table, "Item": KEY}} for table in tables or (TABLE,)]
    )


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_what_meets_no_fault_is_passed_on_with_its_host(proxy: FaultProxy, dynamodb: Any, seen: list[Any]) -> None:
    get(dynamodb)
    assert seen == [("GetItem", proxy.url.removeprefix("http://"), TABLE)]
    assert proxy.log == []


@pytest.mark.parametrize(
    ("kind", "expected", "status"),
    [
        ("throttle", "ProvisionedThroughputExceededException", 400),
        ("server-error", "InternalServerError", 500),
        ("late-error", "InternalServerError", 500),
    ],
)
def test_errors(proxy: FaultProxy, dynamodb: Any, seen: list[Any], kind: str, expected: str, status: int) -> None:
    proxy.arm(kind)
    with pytest.raises(ClientError) as error:
        get(dynamodb)
    assert code(error) == expected
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert len(seen) == (1 if kind == "late-error" else 0)
    get(dynamodb)
    assert [(met.operation, met.kind, met.passed_on, met.status) for met in proxy.log] == [
        ("GetItem", kind, kind == "late-error", status)
    ]


@pytest.mark.parametrize(("kind", "passed_on"), [("lost-answer", 1), ("unreachable", 0)])
def test_no_answer(proxy: FaultProxy, dynamodb: Any, seen: list[Any], kind: str, passed_on: int) -> None:
    proxy.arm(kind)
    with pytest.raises(ConnectionClosedError):
        get(dynamodb)
    assert len(seen) == passed_on
    assert proxy.log[0].status is None


@pytest.mark.parametrize("kind", ["throttle", "server-error", "unreachable", "lost-answer"])
def test_the_sdk_tries_again(proxy: FaultProxy, seen: list[Any], kind: str) -> None:
    proxy.arm(kind)
    get(client(proxy, tries=2))
    assert len(seen) == (2 if kind == "lost-answer" else 1)


@pytest.mark.parametrize(
    ("kind", "reason"), [("throttle", "ProvisionedThroughputExceeded"), ("conflict", "TransactionConflict")]
)
def test_a_transaction_is_cancelled_with_reasons(
    proxy: FaultProxy, dynamodb: Any, seen: list[Any], kind: str, reason: str
) -> None:
    proxy.arm(kind, operation="TransactWriteItems")
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        write(dynamodb, TABLE, OTHER)
    assert [entry["Code"] for entry in cancelled.value.response["CancellationReasons"]] == [reason, "None"]
    assert seen == []


def test_a_conflict_of_a_single_write(proxy: FaultProxy, dynamodb: Any) -> None:
    proxy.arm("conflict")
    get(dynamodb)
    with pytest.raises(dynamodb.exceptions.TransactionConflictException):
        dynamodb.put_item(TableName=TABLE, Item=KEY)


def test_faults_are_narrowed(proxy: FaultProxy, dynamodb: Any) -> None:
    proxy.arm("server-error", operation="GetItem", table=TABLE, containing="bob", times=None)
    proxy.arm("server-error", table=OTHER, times=None)
    get(dynamodb)
    with pytest.raises(ClientError):
        get(dynamodb, OTHER)
    with pytest.raises(ClientError):
        write(dynamodb, TABLE, OTHER)
    with pytest.raises(ClientError):
        dynamodb.batch_get_item(RequestItems={OTHER: {"Keys": [KEY]}})
    with pytest.raises(ClientError):
        dynamodb.get_item(TableName=TABLE, Key={"customer": {"S": "bob"}})
    dynamodb.delete_item(TableName=TABLE, Key={"customer": {"S": "bob"}})
    write(dynamodb, TABLE)


def test_so_many_pass_and_so_many_are_touched(proxy: FaultProxy, dynamodb: Any) -> None:
    fault = proxy.arm("server-error", after=2, times=2)
    get(dynamodb)
    get(dynamodb)
    for _ in range(2):
        with pytest.raises(ClientError):
            get(dynamodb)
    get(dynamodb)
    assert fault.met == 2
    assert proxy.faults.armed() == []


def test_until_disarmed(proxy: FaultProxy, dynamodb: Any) -> None:
    staying = proxy.arm("throttle", table=TABLE, times=None)
    proxy.arm("throttle", table=OTHER, times=None)
    for table in (TABLE, TABLE, OTHER):
        with pytest.raises(ClientError):
            get(dynamodb, table)
    proxy.disarm(staying)
    get(dynamodb)
    with pytest.raises(ClientError):
        get(dynamodb, OTHER)
    proxy.disarm()
    get(dynamodb, OTHER)


def test_a_slow_request_waits_until_it_is_let_go(proxy: FaultProxy, dynamodb: Any, seen: list[Any]) -> None:
    held = proxy.arm("slow")
    waiting = threading.Thread(target=get, args=(dynamodb,))
    waiting.start()
    wait_until(lambda: held.met == 1, "the request is held")
    get(client(proxy, tries=1), OTHER)
    assert [table for _, _, table in seen] == [OTHER]
    proxy.disarm(held)
    waiting.join()
    assert [table for _, _, table in seen] == [OTHER, TABLE]


def test_a_slow_request_whose_sender_has_gone_is_dropped(proxy: FaultProxy, seen: list[Any]) -> None:
    held = proxy.arm("slow")
    impatient = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=proxy.url,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(read_timeout=0.2, retries={"mode": "standard", "total_max_attempts": 1}),
    )
    with pytest.raises(Exception, match="timeout"):
        get(impatient)
    proxy.disarm(held)
    wait_until(lambda: bool(proxy.log), "the request goes on")
    assert (proxy.log[0].passed_on, proxy.log[0].status) == (False, None)
    assert seen == []


@pytest.mark.parametrize(
    "wrong", [{"kind": "bad-luck"}, {"kind": "throttle", "times": 0}, {"kind": "conflict", "operation": "GetItem"}]
)
def test_a_fault_that_does_not_exist(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fault|times|conflict with"):
        ProxyFault(**wrong)


def test_it_is_gone_with_its_block(behind: tuple[str, list[Any]]) -> None:
    with FaultProxy() as proxy:
        proxy.forward_to(behind[0])
        dynamodb = client(proxy, tries=1)
        get(dynamodb)
    with pytest.raises(Exception, match=r"Could not connect|Connection was closed"):
        get(dynamodb)
