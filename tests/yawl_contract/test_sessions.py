"""Sessions: how each interface opens one, refuses one, and answers without one."""

import re

import pytest

from local.yawl_engine.accounts import digest
from local.yawl_engine.client import EngineClient, exchange

HANDLE = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
XML = "text/xml;charset=UTF-8"


def connect(engine: EngineClient, interface: str, user: str, password: str, **more: str) -> str:
    name = "userID" if interface == "ia" else "userid"
    fields = {name: user, "password": password, **more}
    answer = exchange(engine.url(interface), action="connect", **fields)
    assert (answer.status, answer.kind) == (200, XML)
    return answer.text


def wrapped(interface: str, text: str) -> str:
    """Interfaces A and B put ``<response>`` around every answer, the log gateways around none."""
    return f"<response>{text}</response>" if interface in ("ia", "ib") else text


@pytest.mark.parametrize("interface", ["ia", "ib", "logGateway"])
def test_a_session_opens_with_the_digest_of_the_password(engine: EngineClient, interface: str) -> None:
    text = connect(engine, interface, engine.user, digest(engine.password))
    assert re.fullmatch(wrapped(interface, HANDLE), text), text
    handle = engine.connect(interface)
    answer = exchange(engine.url(interface), action="checkConnection", sessionHandle=handle)
    assert answer.text == wrapped(interface, "<success/>")


@pytest.mark.parametrize("interface", ["ia", "ib", "logGateway"])
def test_a_plain_password_needs_a_word_that_interface_a_does_not_know(engine: EngineClient, interface: str) -> None:
    text = connect(engine, interface, engine.user, engine.password, encrypt="true")
    if interface == "ia":
        assert text == "<response><failure>Incorrect Password</failure></response>"
    else:
        assert re.fullmatch(wrapped(interface, HANDLE), text), text


@pytest.mark.parametrize("interface", ["ia", "ib", "logGateway"])
def test_a_failure_is_an_answer_of_200(engine: EngineClient, interface: str) -> None:
    wrong = wrapped(interface, "<failure>Incorrect Password</failure>")
    assert connect(engine, interface, engine.user, "wrong") == wrong
    unknown = wrapped(interface, "<failure>Unknown service or client: metering-nobody</failure>")
    assert connect(engine, interface, "metering-nobody", "x") == unknown


@pytest.mark.parametrize(("interface", "action"), [("ia", "getYAWLServices"), ("ib", "getAllRunningCases")])
def test_interfaces_a_and_b_name_a_dead_session_in_an_answer_of_200(
    engine: EngineClient, interface: str, action: str
) -> None:
    answer = exchange(engine.url(interface), action=action, sessionHandle="ended")
    failure = "<response><failure><reason>Invalid or expired session.</reason></failure></response>"
    assert (answer.status, answer.text) == (200, failure)


@pytest.mark.parametrize("session", [{"sessionHandle": "ended"}, {}])
def test_the_log_gateway_answers_a_dead_session_with_a_page_of_500(
    engine: EngineClient, session: dict[str, str]
) -> None:
    answer = exchange(engine.url("logGateway"), action="getAllSpecifications", **session)
    assert (answer.status, answer.kind) == (500, "text/html;charset=utf-8")
    assert "Invalid or disconnected session handle." in answer.text
    check = exchange(engine.url("logGateway"), action="checkConnection", **session)
    assert (check.status, check.text) == (200, "<failure><reason>Invalid or expired session.</reason></failure>")


def test_unknown_actions_are_answered_each_in_its_way(engine: EngineClient) -> None:
    unknown = "<response><failure><reason>Invalid action or exception was thrown.</reason></failure></response>"
    assert engine.ask("ia", "metering").text == unknown
    assert engine.ask("ib", "metering").text == "<response></response>"
    assert engine.ask("logGateway", "metering").text == ""
    without = exchange(engine.url("logGateway"), sessionHandle=engine.connect("logGateway"))
    assert (without.status, "null action" in without.text) == (500, True)


def test_a_get_is_answered_like_a_post(engine: EngineClient) -> None:
    fields = {"action": "connect", "userid": engine.user, "password": digest(engine.password)}
    assert re.fullmatch(HANDLE, exchange(engine.url("logGateway"), "GET", **fields).text)
