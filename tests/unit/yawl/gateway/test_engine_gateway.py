"""The function behind an engine's address, from API Gateway's event to its answer: who is let in, what is kept, what is
counted, and that nothing of a secret, a case or a person is written anywhere."""

import base64
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from ledger.tables import SCHEMA
from runtime.metric_names import YawlMetric as Metric
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context
from tests.unit.yawl.gateway.conftest import ENGINES_OF_THE_STAGE, NOW, OLD, RECONCILE, RESOURCE, SECRET, Door
from tests.unit.yawl.gateway.test_announcement import BOMB, CAPTURED
from yawl.announced_start import KEPT, AnnouncedStart
from yawl.gateway.announcement import LONGEST_CASE_ID, LONGEST_VALUE
from yawl.gateway.assembly import UNTIL_IT_LISTENS
from yawl.gateway.notes import NOTE_EVERY, READ_EVERY
from yawl.handlers import engine_gateway, reconcile_engine
from yawl.start import Specification

START = {
    "specidentifier": "UID_7f3c9a10-1111-4222-8333-9e0d5b1c2a77",
    "specversion": "0.3",
    "specuri": "OrderFulfilment",
    "action": "announceCaseStarted",
    "caseID": "42",
    "launchingService": "http://localhost:8080/workletService/ib",
    "delayed": "false",
}
INITIALISED = "maxWaitSeconds=5&action=announceEngineInitialised"
ADDRESS = f"/yawl/v1/eng-7/{SECRET}"
MS = int(NOW * 1000)


def start(**changes: str) -> str:
    return urlencode(START | changes)


def starts_in(door: Door, database: str = "eng-7#1") -> list[str]:
    return [item["caseId"] for name, item in door.items(database).items() if name.startswith("pushed#")]


def payload(answer: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer["body"])
    return body


# --- who is let in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_a_look_at_the_right_address_is_answered_with_nothing(method: str, secret: str, door: Door) -> None:
    answer = door.call(method, f"/yawl/v1/eng-7/{secret}")
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert door.items() == {}


@pytest.mark.parametrize("method", ["HEAD", "GET", "POST"])
@pytest.mark.parametrize(
    "address",
    [
        f"/yawl/v1/eng-8/{SECRET}",
        f"/yawl/v1/silent/{SECRET}",
        f"/yawl/v1/Eng-7/{SECRET}",
        f"/yawl/v1/eng-7/{SECRET[:-1]}",
        f"/yawl/v1/eng-7/{SECRET}0",
        f"/yawl/v1/eng-7/{SECRET.lower()}",
        "/yawl/v1/eng-7/-",
        "/yawl/v1/eng-7/%00",
        "/yawl/v1/é/é",
    ],
)
def test_unknown_engines_and_wrong_secrets_are_answered_alike_and_counted(
    method: str, address: str, door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = door.call(method, "/yawl/v1/nobody/nothing")
    capsys.readouterr()
    answer = door.call(method, address, start())
    assert answer == expected
    assert answer["statusCode"] == 404
    assert payload(answer)["error"]["code"] == "not_found"
    assert emitted(capsys) == {Metric.ANNOUNCEMENTS_REFUSED: 1}
    assert not any(door.items(each.database) for each in ENGINES_OF_THE_STAGE)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_named_as_not_allowed(method: str, door: Door) -> None:
    answer = door.call(method, ADDRESS, start())
    assert answer["statusCode"] == 405
    assert answer["multiValueHeaders"]["Allow"] == ["GET, HEAD, POST"]
    assert door.parameters.asked == []


def test_both_secrets_announce_while_one_replaces_the_other(door: Door) -> None:
    assert door.post(start(caseID="1"), secret=OLD) == door.post(start(caseID="2"), secret=SECRET) == 200
    assert starts_in(door) == ["1", "2"]


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_start_is_kept_as_one_item_and_answered_ok(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    answer = door.call("POST", ADDRESS, start())
    assert (answer["statusCode"], answer["body"]) == (200, "OK")
    assert answer["multiValueHeaders"]["Content-Type"] == ["text/xml"]
    assert answer["multiValueHeaders"]["Cache-Control"] == ["no-store"]
    assert emitted(capsys) == {Metric.ANNOUNCEMENTS_RECEIVED: 1, Metric.STARTS_ANNOUNCED: 1}
    assert door.items() == {
        f"pushed#{MS}#42": {
            "engine": "eng-7#1",
            "item": f"pushed#{MS}#42",
            "schema": SCHEMA,
            "caseId": "42",
            "specIdentifier": "UID_7f3c9a10-1111-4222-8333-9e0d5b1c2a77",
            "specVersion": "0.3",
            "specUri": "OrderFulfilment",
            "launchingService": "http://localhost:8080/workletService/ib",
            "delayed": False,
            "expiresAt": MS // 1000 + KEPT,
        },
        "health": {"engine": "eng-7#1", "item": "health", "schema": SCHEMA, "lastAnnouncementAt": MS},
    }


def test_the_item_is_read_as_the_start_that_was_announced(door: Door) -> None:
    door.post(start(caseID="a b+#ö", delayed="true"), "pushes")
    door.now += 1
    door.post("action=announceCaseStarted&caseID=43", "pushes")
    found = [AnnouncedStart.from_item(item) for name, item in door.items("pushes#3").items() if name != "health"]
    assert found == [
        AnnouncedStart(
            case_id="a b+#ö",
            at_ms=MS,
            launching_service=START["launchingService"],
            specification=Specification(START["specidentifier"], "0.3", "OrderFulfilment"),
            delayed=True,
        ),
        AnnouncedStart(case_id="43", at_ms=MS + 1000),
    ]


def test_a_start_that_is_announced_twice_is_kept_and_answered_again(door: Door) -> None:
    assert door.post(start()) == door.post(start()) == 200
    door.now += 0.2
    assert door.post(start()) == 200
    assert set(door.items()) == {f"pushed#{MS}#42", f"pushed#{MS + 200}#42", "health"}


def test_the_largest_item_is_some_kilobytes(door: Door) -> None:
    """What a holder of the secret can make us store with one request."""
    longest = "x" * LONGEST_VALUE
    fields = dict.fromkeys(("specidentifier", "specversion", "specuri", "launchingService", "data"), longest)
    door.post(start(caseID="c" * LONGEST_CASE_ID, **fields))
    [item] = [item for name, item in door.items().items() if name.startswith("pushed#")]
    assert 4 * LONGEST_VALUE < len(json.dumps(item, default=str)) < 6 * 1024


def test_a_body_in_base64_is_the_same(door: Door) -> None:
    assert door.post(base64.b64encode(start().encode()).decode(), is_base64=True) == 200
    assert starts_in(door) == ["42"]


def test_a_completion_before_the_start_changes_nothing(door: Door) -> None:
    door.post("casedata=%3CNet+%2F%3E&caseID=42&action=announceCaseCompleted")
    assert set(door.items()) == {"health"}
    door.post(start())
    assert starts_in(door) == ["42"]


@pytest.mark.parametrize("request_", [each for each in CAPTURED if each["body"]], ids=lambda each: str(each["what"]))
def test_what_a_living_engine_sent_is_taken(
    request_: dict[str, Any], door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.post(request_["body"]) == 200
    is_start = "announceCaseStarted" in request_["body"]
    expected = {Metric.ANNOUNCEMENTS_RECEIVED: 1} | ({Metric.STARTS_ANNOUNCED: 1} if is_start else {})
    assert emitted(capsys) == expected
    assert len(starts_in(door)) == is_start


def test_an_engine_is_noted_as_heard_at_most_every_half_minute(door: Door) -> None:
    for after, noted in ((0, 0), (NOTE_EVERY - 1, 0), (NOTE_EVERY, NOTE_EVERY), (2 * NOTE_EVERY - 1, NOTE_EVERY)):
        door.now = NOW + after / 1000
        door.post("action=announceCaseResumed&caseID=1")
        assert door.items()["health"]["lastAnnouncementAt"] == MS + noted
    door.post("action=announceCaseResumed&caseID=1", "pushes")
    assert "health" in door.items("pushes#3")


# --- what is not understood -------------------------------------------------------------------------------------------


def test_an_unknown_action_is_answered_ok_counted_and_shows_that_the_engine_lives(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.post("action=announceTheFuture&caseID=1") == 200
    assert emitted(capsys) == {Metric.ANNOUNCEMENTS_RECEIVED: 1, Metric.ANNOUNCEMENTS_UNKNOWN: 1}
    assert set(door.items()) == {"health"}


@pytest.mark.parametrize(
    ("body", "is_base64"),
    [
        (None, False),
        ("", False),
        ("caseID=1", False),
        ("action=announceCaseStarted", False),
        (start() + "&caseID=43", False),
        ("action=announceCaseStarted&caseID=%FF", False),
        ("<workItem/>", False),
        ("%%%", True),
    ],
)
def test_what_cannot_be_read_is_answered_ok_and_counted(
    body: str | None, is_base64: bool, door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error would make the engine write the address, and with it the secret, into its own log."""
    with log_lines(engine_gateway.logger) as written:
        assert door.post(body, is_base64=is_base64) == 200
    assert emitted(capsys) == {Metric.ANNOUNCEMENTS_RECEIVED: 1, Metric.ANNOUNCEMENTS_UNREADABLE: 1}
    line = json.loads(written.getvalue())
    assert (line["message"], line["engine"]) == ("announcement not read", "eng-7")
    assert door.items() == {}


# --- the engine starts ------------------------------------------------------------------------------------------------


def test_when_an_engine_has_started_its_log_is_read_once_a_minute(door: Door) -> None:
    for after in (0, 0.01, READ_EVERY / 1000):
        door.now = NOW + after
        assert door.post(INITIALISED) == 200
    payload = f'{{"engine": "eng-7", "afterSeconds": {UNTIL_IT_LISTENS}}}'
    call = {"FunctionName": RECONCILE, "InvocationType": "Event", "Payload": payload}
    assert door.functions.calls == [call]
    door.now = NOW + READ_EVERY / 1000 + 0.001
    assert door.post(INITIALISED) == 200
    assert door.functions.calls == [call, call]


def test_another_copy_of_the_function_does_not_have_it_read_again(door: Door) -> None:
    door.post(INITIALISED)
    engine_gateway.gateway.cache_clear()
    assert door.post(INITIALISED) == 200
    assert len(door.functions.calls) == 1


def test_the_reader_waits_until_the_engine_takes_requests(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(reconcile_engine, "sleep", waited.append)
    monkeypatch.setattr(reconcile_engine, "parts", lambda: SimpleNamespace(engines=engine_gateway.gateway().engines))
    door.post(INITIALISED)
    context: Any = Context()
    for event in (json.loads(door.functions.calls[0]["Payload"]) | {"engine": "none"}, {"engine": "none"}):
        assert reconcile_engine.handler(event, context)["good"] is False
    assert waited == [UNTIL_IT_LISTENS, 0]
    assert UNTIL_IT_LISTENS < reconcile_engine.LONGEST_WAIT


def test_an_engine_without_a_log_is_only_heard(door: Door) -> None:
    assert door.post(INITIALISED, "pushes") == 200
    assert door.functions.calls == []
    assert set(door.items("pushes#3")["health"]) == {"engine", "item", "schema", "lastAnnouncementAt"}


# --- failures ---------------------------------------------------------------------------------------------------------


def failing(*_: Any, **__: Any) -> Any:
    message = f"Item caseId {SECRET} Alice"
    raise ClientError({"Error": {"Code": "InternalServerError", "Message": message}}, "PutItem")


@pytest.mark.parametrize("part", ["put_item", "update_item", "get_paginator", "invoke"])
def test_a_store_that_fails_is_a_500_and_the_log_names_its_error_only(
    part: str, door: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held: dict[str, Any] = {"get_paginator": door.parameters, "invoke": door.functions}
    monkeypatch.setattr(held.get(part, type(door.table)), part, failing)
    with log_lines(engine_gateway.logger) as written:
        answer = door.call("POST", ADDRESS, INITIALISED if part == "invoke" else start())
    assert answer["statusCode"] == 500
    assert payload(answer)["error"]["code"] == "internal_error"
    line = json.loads(written.getvalue())
    assert (line["message"], line["path"], line["error"]) == ("request failed", RESOURCE, "ClientError")
    assert (SECRET in written.getvalue(), "Alice" in written.getvalue()) == (False, False)
    assert not emitted(capsys).get(Metric.ANNOUNCEMENTS_REFUSED)


def test_after_a_failure_the_same_announcement_is_taken(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(door.table), "update_item", failing)
        assert door.post(start()) == 500
    assert door.post(start()) == 200
    assert set(door.items()) == {f"pushed#{MS}#42", "health"}


# --- nothing is written that should not be ----------------------------------------------------------------------------

PERSONAL = ("Alice", "s3cret-salary", "ha-ha-bomb")
DATA = f"<Order><who>{PERSONAL[0]}</who><pay>{PERSONAL[1]}</pay>{BOMB.replace('hahaha', PERSONAL[2])}</Order>"
BODIES = (
    start(),
    urlencode(START | {"data": DATA}),
    urlencode({"casedata": DATA, "caseID": "42", "action": "announceCaseCompleted"}),
    urlencode({"workItem": DATA, "oldStatus": "Fired", "newStatus": "Executing", "action": "announceItemStatus"}),
    urlencode({"action": "0", "preCheck": "true", "data": DATA, "caseID": "42"}),
    urlencode({"action": PERSONAL[0], PERSONAL[1]: PERSONAL[2]}),
    urlencode([*START.items(), ("caseID", PERSONAL[0])]),
    urlencode({"casedata": DATA + "x" * 5_000_000, "action": "announceCaseCompleted", "caseID": "1"}),
    INITIALISED,
    DATA,
    "",
)


@pytest.mark.parametrize("secret", [SECRET, OLD, f"{SECRET}wrong"])
@pytest.mark.parametrize("fails", [False, True])
def test_neither_secret_nor_data_is_in_logs_metrics_answers_or_items(
    secret: str, fails: bool, door: Door, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if fails:
        monkeypatch.setattr(type(door.table), "put_item", failing)
        monkeypatch.setattr(type(door.table), "update_item", failing)
    answers = []
    with log_lines(engine_gateway.logger) as written:
        for method in ("HEAD", "GET", "POST", "PUT"):
            for engine_id in ("eng-7", "pushes", "silent", "nobody"):
                for body in BODIES:
                    answers.append(door.call(method, f"/yawl/v1/{engine_id}/{secret}", body))
    printed = capsys.readouterr()
    stored = [item for each in ENGINES_OF_THE_STAGE for item in door.items(each.database).values()]
    everything = "".join((written.getvalue(), printed.out, printed.err, repr(stored), json.dumps(answers)))
    assert "AnnouncementsRefused" in everything
    hidden = (secret, SECRET, OLD, *PERSONAL)
    assert [text for text in hidden if text in everything] == []
