"""Announcements: what reaches a registered service, word for word, and what happens when it does not answer."""

from urllib.parse import quote_plus

import pytest

from local.yawl_engine.accounts import digest
from local.yawl_engine.client import EngineClient, Uploaded
from tests.yawl_contract.listener import Listener, Request, eventually

PATH = "/announced/ok"
WORKER = "/worker/ok"
PASSWORD = "only for the contract"
COMPLETED = (
    "casedata=%3C%3Fxml+version%3D%221.0%22+encoding%3D%22UTF-8%22%3F%3E%0D%0A%3CNet+%2F%3E%0D%0A"
    "&caseID={case}&action=announceCaseCompleted"
)


@pytest.fixture(scope="module", autouse=True)
def registered(engine: EngineClient, listener: Listener) -> None:
    assert engine.register(listener.address + PATH) == "<response><success/></response>"
    assert engine.register(listener.address + WORKER, "metering-worker", PASSWORD) == "<response><success/></response>"


def started(listener: Listener, case_id: str, path: str = PATH) -> Request:
    """The announcement of the start, which comes once."""
    found = listener.of(path, action="announceCaseStarted", caseID=case_id)
    assert len(found) == 1, found
    return found[0]


def ended(listener: Listener, case_id: str, path: str = PATH) -> list[Request]:
    return listener.of(path, action="announceCaseCompleted", caseID=case_id)


def wait_for_end(listener: Listener, case_id: str, path: str = PATH) -> None:
    """A case that ends within its launch is announced as completed twice, in any order with its start."""
    eventually(lambda: len(ended(listener, case_id, path)) == 2)
    eventually(lambda: listener.of(path, action="announceCaseStarted", caseID=case_id))


def test_a_start_is_announced_with_javas_headers_and_in_its_order(
    engine: EngineClient, listener: Listener, done: Uploaded
) -> None:
    case_id = engine.launch(done)
    wait_for_end(listener, case_id)
    request = started(listener, case_id)
    assert request.body == (
        f"specidentifier={done.identifier}&caseID={case_id}&specuri={done.uri}&action=announceCaseStarted"
        "&specversion=0.1&delayed=false"
    )
    assert [name for name, _ in request.headers] == [
        *("Accept-Charset", "Connection", "User-Agent", "Host", "Accept", "Content-type", "Content-Length")
    ]
    sent = dict(request.headers)
    assert sent["Accept-Charset"] == "UTF-8"
    assert sent["Connection"] == "close"
    assert sent["Content-type"] == "application/x-www-form-urlencoded"
    assert sent["User-Agent"].startswith("Java/")


def test_a_case_that_ends_within_its_launch_is_announced_as_completed_twice(
    engine: EngineClient, listener: Listener, done: Uploaded
) -> None:
    case_id = engine.launch(done)
    wait_for_end(listener, case_id)
    assert {request.body for request in ended(listener, case_id)} == {COMPLETED.format(case=case_id)}


def test_a_service_that_launches_is_named_and_a_client_account_is_not(
    engine: EngineClient, listener: Listener, done: Uploaded
) -> None:
    by_service = engine.launch(done, engine.connect("ib", userid="metering-worker", password=digest(PASSWORD)))
    by_client = engine.launch(done)
    for case_id in (by_service, by_client):
        wait_for_end(listener, case_id)
    fields = started(listener, by_service).fields
    assert fields["launchingService"] == listener.address + WORKER
    assert list(fields) == [
        *("specidentifier", "caseID", "specuri", "launchingService", "action", "specversion", "delayed")
    ]
    assert "launchingService" not in started(listener, by_client).fields


def test_with_a_completion_observer_nobody_else_hears_of_the_completion(
    engine: EngineClient, listener: Listener, done: Uploaded
) -> None:
    case_id = engine.launch(done, completionObserverURI=listener.address + WORKER)
    wait_for_end(listener, case_id, WORKER)
    eventually(lambda: listener.of(PATH, action="announceCaseStarted", caseID=case_id))
    after = engine.launch(done)
    wait_for_end(listener, after)
    assert not ended(listener, case_id)


def test_letters_are_encoded_as_java_does(engine: EngineClient, listener: Listener) -> None:
    umlaut = engine.upload("done", "Größe_und-Maß.2")
    case_id = engine.launch(umlaut, caseid="metering a+b~c*d/ä")
    wait_for_end(listener, case_id)
    body = started(listener, case_id).body
    assert "specuri=Gr%C3%B6%C3%9Fe_und-Ma%C3%9F.2&" in body
    assert "caseID=metering+a%2Bb%7Ec*d%2F%C3%A4&" in body
    assert quote_plus("metering a+b") in body


def test_a_cancelled_case_is_announced_as_cancelled(engine: EngineClient, listener: Listener, waits: Uploaded) -> None:
    case_id = engine.launch(waits)
    assert engine.cancel(case_id) == "<response><success/></response>"
    eventually(lambda: listener.of(PATH, action="announceCaseCancelled", caseID=case_id))
    (request,) = listener.of(PATH, action="announceCaseCancelled", caseID=case_id)
    assert request.body == f"caseID={case_id}&action=announceCaseCancelled"
    again = f"<response><failure><reason>Case [{case_id}] not found.</reason></failure></response>"
    assert engine.cancel(case_id) == again


def test_a_refused_launch_is_not_announced(engine: EngineClient, listener: Listener, waits: Uploaded) -> None:
    case_id = engine.launch(waits, caseid=f"metering-{waits.identifier}")
    eventually(lambda: listener.of(PATH, action="announceCaseStarted", caseID=case_id))
    active = f"<failure><reason>CaseID '{case_id}' is already active.</reason></failure>"
    assert engine.launch(waits, caseid=case_id) == active
    engine.cancel(case_id)
    eventually(lambda: listener.of(PATH, action="announceCaseCancelled", caseID=case_id))
    started(listener, case_id)
    unknown = Uploaded("UID_metering_nobody", "Nobody")
    failure = "<failure><reason>No specification found with ID [Nobody - version 0.1]</reason></failure>"
    assert engine.launch(unknown) == failure


def test_a_delayed_launch_is_announced_as_delayed(engine: EngineClient, listener: Listener, done: Uploaded) -> None:
    before = {request.fields["caseID"] for request in listener.of(PATH, action="announceCaseStarted")}
    answer = engine.launch(done, mSec="500")
    assert answer == "<success>Case scheduled to start after a delay of 500 milliseconds</success>"
    delayed = {"action": "announceCaseStarted", "delayed": "true", "specidentifier": done.identifier}
    eventually(lambda: listener.of(PATH, **delayed))
    (request,) = listener.of(PATH, **delayed)
    assert request.fields["caseID"] not in before


@pytest.mark.parametrize(("behaviour", "times"), [("error", 1), ("drops", 2)])
def test_a_failing_service_loses_the_announcement_and_a_dropped_connection_repeats_it_once(
    engine: EngineClient, listener: Listener, waits: Uploaded, behaviour: str, times: int
) -> None:
    path = f"/fails/{behaviour}"
    engine.register(listener.address + path)
    case_id = engine.launch(waits)
    engine.cancel(case_id)
    eventually(lambda: len(listener.of(path, action="announceCaseCancelled", caseID=case_id)) == times)
    eventually(lambda: len(listener.of(path, action="announceCaseStarted", caseID=case_id)) == times)
    # Another case shows that nothing is sent again afterwards.
    later = engine.launch(waits)
    engine.cancel(later)
    eventually(lambda: len(listener.of(path, action="announceCaseCancelled", caseID=later)) == times)
    assert len({request.body for request in listener.of(path, action="announceCaseStarted", caseID=case_id)}) == 1
    assert len(listener.of(path, action="announceCaseStarted", caseID=case_id)) == times
    engine.ask("ia", "removeYAWLService", serviceURI=listener.address + path)


def test_a_redirect_turns_an_announcement_into_a_get_without_a_body(
    engine: EngineClient, listener: Listener, waits: Uploaded
) -> None:
    engine.register(f"{listener.address}/redirects/moved")
    before = len(listener.of("/elsewhere", "GET"))
    engine.cancel(engine.launch(waits))
    eventually(lambda: len(listener.of("/elsewhere", "GET")) >= before + 2)
    assert {request.body for request in listener.of("/elsewhere", "GET")} == {""}
    engine.ask("ia", "removeYAWLService", serviceURI=f"{listener.address}/redirects/moved")
