"""A session logs in when it has to, names every failure, and keeps its secrets."""

import base64
import hashlib
import logging
import traceback

import pytest

from tests.unit.yawl.log.log_gateway import HANDLE, LogGateway, Reply, captured, text
from yawl.log.exchange import BOUNDS, Gateway
from yawl.log.ports import (
    EngineFailure,
    EngineLogError,
    EngineUnreachable,
    LoginRefused,
    SessionLost,
    UnreadableAnswer,
)
from yawl.log.session import Session

PASSWORD = "a pässword"
DIGEST = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
#: The same moment as a gateway's Date header has it, and as seconds since the epoch.
DATE = "Sun, 29 Nov 2026 16:28:13 GMT"
NOW = 1795969693.0

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE cases [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c SYSTEM "file:///etc/passwd">]><cases id="x" key="1"><case>&b;&c;</case></cases>'
)


@pytest.fixture
def session(gateway: LogGateway) -> Session:
    return Session(Gateway(f"{gateway.address}/logGateway", BOUNDS), "meter", PASSWORD, lambda: NOW)


def test_one_login_serves_many_questions_and_the_password_never_travels(gateway: LogGateway, session: Session) -> None:
    gateway.answer("anything", text("<a/>"))
    assert [session.ask("anything", key="1"), session.ask("anything", key="2")] == ["<a/>", "<a/>"]
    handle = HANDLE.format(1)
    assert gateway.questions == [
        {"action": "connect", "userid": "meter", "password": DIGEST},
        {"action": "anything", "sessionHandle": handle, "key": "1"},
        {"action": "anything", "sessionHandle": handle, "key": "2"},
    ]


def test_the_digest_is_the_one_that_a_living_engine_took(gateway: LogGateway) -> None:
    gateway.answer("anything", text("<a/>"))
    Session(Gateway(f"{gateway.address}/logGateway", BOUNDS), "admin", "YAWL", lambda: NOW).ask("anything")
    assert gateway.asked("connect")[0]["password"] == "Se4tMaQCi9gr0Q2usp7P56Sk5vM="


@pytest.mark.parametrize("form", ["{}", "<response>{}</response>"])
def test_a_handle_comes_bare_or_in_a_response(gateway: LogGateway, session: Session, form: str) -> None:
    handle = HANDLE.format(7)
    gateway.answer("connect", text(form.format(handle)))
    gateway.answer("anything", text("<a/>"))
    session.ask("anything")
    assert gateway.questions[-1]["sessionHandle"] == handle


@pytest.mark.parametrize("lost", ["log-bad-session", "resource-log-bad-session"])
def test_a_lost_session_is_replaced_once_and_the_question_asked_again(
    gateway: LogGateway, session: Session, lost: str
) -> None:
    gateway.answer("anything", text("<a/>"), captured(lost), text("<b/>"))
    assert [session.ask("anything") for _ in range(2)] == ["<a/>", "<b/>"]
    assert [question["sessionHandle"] for question in gateway.asked("anything")] == [
        HANDLE.format(number) for number in (1, 1, 2)
    ]


def test_a_session_that_is_lost_again_ends_the_question_and_the_next_one_logs_in(
    gateway: LogGateway, session: Session
) -> None:
    dead = captured("log-bad-session")
    gateway.answer("anything", text("<a/>"), dead, dead, text("<b/>"))
    session.ask("anything")
    with pytest.raises(SessionLost, match=r"^anything: HTTP 500"):
        session.ask("anything")
    assert session.ask("anything") == "<b/>"
    assert len(gateway.asked("connect")) == 3


def test_a_new_session_is_not_replaced(gateway: LogGateway, session: Session) -> None:
    gateway.answer("anything", captured("log-bad-session"))
    with pytest.raises(SessionLost):
        session.ask("anything")
    assert [question["action"] for question in gateway.questions] == ["connect", "anything"]


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (captured("log-connect-wrong-password"), LoginRefused, "connect: Incorrect Password"),
        (captured("log-connect-unknown-user"), LoginRefused, "connect: Unknown service or client: nobody"),
        (
            text("<failure>The generic 'admin' user has been disabled.</failure>"),
            LoginRefused,
            "connect: The generic 'admin' user has been disabled.",
        ),
        # The engine has not started yet, which is no refusal.
        (
            text("<failure>Not connected to YAWL Engine.</failure>"),
            EngineFailure,
            "connect: Not connected to YAWL Engine.",
        ),
        (
            text("<failure>Not connected to Resource Service.</failure>"),
            EngineFailure,
            "connect: Not connected to Resource Service.",
        ),
        (text(""), UnreadableAnswer, "connect: nothing"),
        (text("null"), UnreadableAnswer, "connect: nothing"),
        (text("<html><body>Please sign in</body></html>"), UnreadableAnswer, "connect: no session handle"),
        (Reply(status=404), UnreadableAnswer, "connect: HTTP 404"),
        (Reply(status=500), SessionLost, "connect: HTTP 500, also with a new session"),
    ],
)
def test_a_login_that_fails_says_how(
    gateway: LogGateway, session: Session, reply: Reply, kind: type[EngineLogError], words: str
) -> None:
    gateway.answer("connect", reply)
    with pytest.raises(EngineLogError) as failed:
        session.ask("anything")
    assert (type(failed.value), str(failed.value)) == (kind, words)
    assert gateway.asked("anything") == []


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (text("<failure>Unable to retrieve data.</failure>"), EngineFailure, "Unable to retrieve data."),
        (
            text("<failure>Database connection is disabled.</failure>"),
            EngineFailure,
            "Database connection is disabled.",
        ),
        (text("<failure><reason>Invalid or\nexpired.</reason></failure>"), EngineFailure, "Invalid or expired."),
        (captured("resource-log-unknown-action"), EngineFailure, "Resource Log Gateway called with invalid action."),
        (captured("log-unknown-action"), UnreadableAnswer, "nothing"),
        (text("null"), UnreadableAnswer, "nothing"),
        (Reply(b"<cases>\xff</cases>"), UnreadableAnswer, "not UTF-8"),
        (Reply(status=204), UnreadableAnswer, "HTTP 204"),
        (Reply(status=403), UnreadableAnswer, "HTTP 403"),
        (Reply(status=404), UnreadableAnswer, "HTTP 404"),
        (Reply(status=502), EngineUnreachable, "HTTP 502"),
        (Reply(status=503), EngineUnreachable, "HTTP 503"),
        (Reply(status=504), EngineUnreachable, "HTTP 504"),
    ],
)
def test_a_question_that_fails_says_how(
    gateway: LogGateway, session: Session, reply: Reply, kind: type[EngineLogError], words: str
) -> None:
    gateway.answer("anything", reply)
    with pytest.raises(EngineLogError) as failed:
        session.ask("anything", empty={"No rows returned."})
    assert (type(failed.value), str(failed.value)) == (kind, f"anything: {words}")


def test_a_failure_that_means_nothing_there_is_an_empty_text(gateway: LogGateway, session: Session) -> None:
    gateway.answer("anything", captured("log-getCaseEvent-unknown-case"))
    assert session.ask("anything", empty={"No rows returned."}) == ""
    with pytest.raises(EngineFailure, match="No rows returned"):
        session.ask("anything")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_since_it_would_carry_the_session_elsewhere(
    gateway: LogGateway, session: Session, status: int
) -> None:
    gateway.answer("anything", Reply(status=status, headers={"Location": f"{gateway.address}/elsewhere"}))
    with pytest.raises(UnreadableAnswer, match=f"^anything: HTTP {status}$"):
        session.ask("anything")
    assert set(gateway.paths) == {"/yawl/logGateway"}


def test_the_clocks_are_compared_by_each_answer_s_date(gateway: LogGateway, session: Session) -> None:
    assert session.clock_offset_ms is None
    gateway.answer("connect", Reply(HANDLE.format(1).encode(), headers={"Date": DATE}))
    late = "Sun, 29 Nov 2026 16:30:13 GMT"
    gateway.answer("anything", *(Reply(b"<a/>", headers={"Date": date}) for date in (DATE, late, "yesterday")))
    found: list[int | None] = []
    for _ in range(3):
        session.ask("anything")
        found.append(session.clock_offset_ms)
    # Half a second is what whole seconds lack on average. A date that cannot be read changes nothing.
    assert found == [500, 120_500, 120_500]


NO_DIGEST = text(f"<failure>No such digest: {DIGEST}</failure>")
NO_PASSWORD = text(f"<failure>No such password: {PASSWORD}</failure>")
NO_SESSION = text(f"<failure>No such session: {HANDLE.format(1)}</failure>")
BOTH = f"{DIGEST} {HANDLE.format(1)}"


@pytest.mark.parametrize(
    ("action", "reply"),
    [
        ("connect", NO_DIGEST),
        ("connect", NO_PASSWORD),
        ("connect", text(BOTH)),
        ("connect", Reply(BOTH.encode(), 500)),
        ("anything", NO_DIGEST),
        ("anything", NO_PASSWORD),
        ("anything", NO_SESSION),
        ("anything", Reply(BOTH.encode(), 500)),
        ("anything", Reply(b"", 302, {"Location": f"http://127.0.0.1:1/{DIGEST}"})),
    ],
)
def test_no_secret_is_in_an_error_a_log_line_or_a_repr(
    gateway: LogGateway, session: Session, caplog: pytest.LogCaptureFixture, action: str, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway.answer(action, reply)
    with pytest.raises(EngineLogError) as failed:
        session.ask("anything")
    seen = traceback.format_exception(failed.value)
    answer = session._gateway.post("anything", {"sessionHandle": HANDLE.format(1)})
    everything = "\n".join([*seen, caplog.text, repr(session), repr(session._gateway), repr(answer)])
    for secret in (PASSWORD, DIGEST, HANDLE.format(1)):
        assert secret not in everything


def test_an_entity_bomb_stays_a_text(gateway: LogGateway, session: Session) -> None:
    gateway.answer("anything", text(BOMB))
    assert session.ask("anything") == BOMB
