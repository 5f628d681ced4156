"""Interface A registers services: it asks the address with HEAD, and any session may read what it stores."""

from local.yawl_engine.client import EngineClient
from tests.yawl_contract.listener import Listener

SUCCESS = "<response><success/></response>"


def unresponsive(uri: str) -> str:
    return f"<response><failure><reason>Service unresponsive: {uri}</reason></failure></response>"


def test_the_engine_asks_with_head_and_registers(engine: EngineClient, listener: Listener) -> None:
    path = "/registers/S%2BX/ok?token=S%2BX"
    uri = f"{listener.address}{path}"
    assert engine.register(uri, password="of the service") == SUCCESS
    (head,) = listener.of(path, "HEAD")
    assert head.body == ""
    names = [name for name, _ in head.headers]
    assert names == ["User-Agent", "Host", "Accept", "Connection"]
    sent = dict(head.headers)
    assert sent["User-Agent"].startswith("Java/")
    assert sent["Connection"] == "keep-alive"
    again = f"Engine has already registered a service with the same URI [{uri}]"
    assert engine.register(uri) == f"<response><failure><reason>{again}</reason></failure></response>"
    assert engine.ask("ia", "removeYAWLService", serviceURI=uri).text == SUCCESS
    gone = f"Engine does not contain this YAWL service [ {uri} ]"
    removed = engine.ask("ia", "removeYAWLService", serviceURI=uri).text
    assert removed == f"<response><failure><reason>{gone}</reason></failure></response>"


def test_any_session_reads_the_address_and_the_digest_that_opens_sessions(
    engine: EngineClient, listener: Listener
) -> None:
    uri = f"{listener.address}/listed/ok"
    engine.register(uri, "metering-listed", "of the service")
    listed = engine.ask("ia", "getYAWLServices").text
    own = listed.partition(f'<yawlService id="{uri}">')[2].partition("</yawlService>")[0]
    assert "<servicename>metering-listed</servicename>" in own
    assert "<assignable>false</assignable>" in own
    stored = own.partition("<servicepassword>")[2].partition("</servicepassword>")[0]
    handle = engine.connect("ib", userid="metering-listed", password=stored)
    assert "failure" not in handle
    engine.ask("ia", "removeYAWLService", serviceURI=uri)


def test_two_services_may_have_one_name(engine: EngineClient, listener: Listener) -> None:
    uris = [f"{listener.address}/twin-{number}/ok" for number in (1, 2)]
    assert [engine.register(uri, "metering-twin") for uri in uris] == [SUCCESS, SUCCESS]
    for uri in uris:
        engine.ask("ia", "removeYAWLService", serviceURI=uri)


def test_an_address_that_does_not_answer_head_is_refused(engine: EngineClient, listener: Listener) -> None:
    for name in ("head-404", "head-drops"):
        uri = f"{listener.address}/refused/{name}"
        assert engine.register(uri) == unresponsive(uri)
    closed = "http://127.0.0.1:9/ok"
    assert engine.register(closed) == unresponsive(closed)
    assert len(listener.of("/refused/head-drops", "HEAD")) == 2, "Java asks again where the connection was dropped"


def test_head_follows_a_redirect(engine: EngineClient, listener: Listener) -> None:
    uri = f"{listener.address}/follows/head-moved"
    assert engine.register(uri) == SUCCESS
    assert listener.of("/elsewhere", "HEAD")
    assert f'<yawlService id="{uri}">' in engine.ask("ia", "getYAWLServices").text
    engine.ask("ia", "removeYAWLService", serviceURI=uri)


def test_what_is_no_service_is_refused(engine: EngineClient) -> None:
    failure = "<response><failure><reason>Failed to parse yawl service from [<x]</reason></failure></response>"
    assert engine.ask("ia", "newYAWLService", service="<x").text == failure
