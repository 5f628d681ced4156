"""What the stand-in engine does on demand, and what no living engine of others may be asked for: to fail, to end."""

import json
from collections.abc import Iterator
from http.client import RemoteDisconnected
from typing import Any

import pytest
import urllib3
from urllib3.exceptions import ProtocolError

from local.yawl_engine import Fault, Specification, StandInEngine
from local.yawl_engine.client import EngineClient, parts
from local.yawl_engine.engine import RolledBack
from tests.yawl_contract.listener import Listener, eventually

DONE = Specification("UID_done", "0.1", "Done")
WAITS = Specification("UID_waits", "0.1", "Waits", waiting_task="Approve")


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def yawl(clock: Clock) -> Iterator[StandInEngine]:
    with StandInEngine(now=clock, clients={"reader": "password"}) as running:
        running.engine.load(DONE)
        running.engine.load(WAITS)
        yield running


@pytest.fixture
def engine(yawl: StandInEngine) -> EngineClient:
    return EngineClient(yawl.url, "reader", "password", yawl.resource_url)


@pytest.fixture
def listener(yawl: StandInEngine) -> Iterator[Listener]:
    with Listener() as running:
        yawl.engine.register(f"{running.address}/ok")
        yield running


def cases(engine: EngineClient, specification: Specification = DONE) -> list[str]:
    named = {"identifier": specification.identifier, "version": "0.1", "uri": specification.uri}
    return parts(engine.log("getSpecificationCaseIDs", **named), "case")


def starts(engine: EngineClient, case_id: str) -> list[str]:
    """The service keys of the CaseStart rows."""
    return parts(engine.log("getCaseEvent", caseid=case_id, event="CaseStart"), "serviceKey")


# --- the log's rows ---------------------------------------------------------------------------------------------------


def test_a_row_is_written_after_what_it_records_and_bears_the_time_of_its_writing(
    yawl: StandInEngine, engine: EngineClient, clock: Clock
) -> None:
    yawl.engine.log.behind = 3.0
    yawl.engine.log.start_rows_behind = 60.0
    case_id = yawl.engine.launch("UID_done")
    assert cases(engine) == []
    clock.now += 3
    assert cases(engine) == [case_id], "the list may know a case before its start has a row"
    assert starts(engine, case_id) == []
    clock.now += 60
    row = engine.log("getCaseEvent", caseid=case_id, event="CaseStart")
    assert parts(row, "timestamp") == [str(int(clock.now * 1000))]


def test_keys_leave_a_gap_at_each_restart(yawl: StandInEngine, engine: EngineClient, clock: Clock) -> None:
    for _ in range(2):
        yawl.engine.launch("UID_done")
        yawl.restart()
    clock.now += 1
    nets = EngineClient(yawl.url, "reader", "password", None).log("getNetInstancesOfSpecification", key="1")
    assert [key.split('"')[0] for key in nets.split('netInstance key="')[1:]] == ["1", "52"]


def test_what_two_threads_of_the_log_may_do_to_a_launch(
    yawl: StandInEngine, engine: EngineClient, clock: Clock
) -> None:
    yawl.arm("doubled")
    first = yawl.engine.launch("UID_done")
    yawl.arm("unlisted")
    unlisted = yawl.engine.launch("UID_done")
    yawl.arm("without-service")
    nameless = yawl.engine.launch("UID_done")
    yawl.arm("without-completion")
    unended = yawl.engine.launch("UID_done")
    clock.now += 1
    rows = engine.log("getAllSpecifications").count("UID_done")
    by_key = [parts(engine.log("getSpecificationCaseIDs", key=str(key)), "case") for key in (1, 2)]
    assert (rows, by_key) == (2, [[], [first, nameless, unended]])
    assert cases(engine) == [], "by its names the first of two rows answers"
    assert starts(engine, unlisted) == ["1"]
    assert starts(engine, nameless) == ["-1"]
    assert engine.log("getCaseEvent", caseid=unended, event="CaseComplete") == "<failure>No rows returned.</failure>"


def test_a_new_specification_lists_lost_cases_of_others_until_its_net_is_known(
    yawl: StandInEngine, engine: EngineClient, clock: Clock
) -> None:
    yawl.arm("unlisted")
    lost = yawl.engine.launch("UID_done")
    clock.now += 1
    own = yawl.engine.launch("UID_waits")
    assert cases(engine, WAITS) == [lost]
    clock.now += 1
    assert cases(engine, WAITS) == [own]


def test_an_account_with_an_apostrophe_starts_cases_without_a_row_of_the_start(
    yawl: StandInEngine, engine: EngineClient, clock: Clock
) -> None:
    case_id = yawl.engine.launch("UID_done", by="O'Neil")
    clock.now += 1
    assert (cases(engine), starts(engine, case_id)) == ([case_id], [])


def test_a_launch_that_fails_is_announced_and_logged_and_a_too_long_id_is_announced_only(
    yawl: StandInEngine, engine: EngineClient, listener: Listener, clock: Clock
) -> None:
    yawl.arm("launch-fails")
    named = {"specidentifier": "UID_waits", "specversion": "0.1", "specuri": "Waits"}
    assert engine.ask("ib", "launchCase", **named).status == 500
    with pytest.raises(RolledBack):
        yawl.engine.launch("UID_waits", case_id="x" * 300)
    clock.now += 1
    assert cases(engine, WAITS) == ["1"]
    assert engine.ask("ib", "getAllRunningCases").text == "<response><AllRunningCases></AllRunningCases></response>"
    eventually(lambda: len(listener.of("/ok", action="announceCaseStarted")) == 2)


def test_a_renewed_database_counts_from_1_again(yawl: StandInEngine, clock: Clock) -> None:
    assert [yawl.engine.launch("UID_done") for _ in range(2)] == ["1", "2"]
    yawl.engine.renew_database()
    yawl.engine.load(DONE)
    assert yawl.engine.launch("UID_done") == "1"
    clock.now += 1
    assert len(yawl.engine.log.events("1", "CaseStart")) == 1


# --- people -----------------------------------------------------------------------------------------------------------


def test_people_are_logged_with_what_they_did_and_a_last_time_replaces_the_first(
    yawl: StandInEngine, engine: EngineClient, clock: Clock
) -> None:
    yawl.engine.complete(yawl.engine.launch("UID_waits", by="DefaultWorklist", person="PA-1"), "PA-2")
    setxml = "<x><s><identifier>UID_waits</identifier><version>0.1</version><uri>Waits</uri></s></x>"

    def acted(**times: str) -> list[tuple[str, str]]:
        text = engine.ask("people", "getSpecificationSetEvents", setxml=setxml, **times).text
        return list(zip(parts(text, "resourceid"), parts(text, "eventtype"), strict=True))

    assert acted() == [
        *[("PA-1", "launch_case"), ("system", "offer")],
        *[("PA-2", kind) for kind in ("allocate", "start", "complete")],
    ]
    late = str(int(clock.now * 1000) + 1)
    assert acted(**{"from": late}) == []
    assert acted(**{"from": late, "to": late}) == acted(), "the engine ignores from where to is given"


def test_an_account_is_new_to_the_resource_service_until_a_restart(yawl: StandInEngine) -> None:
    admin = EngineClient(yawl.url, "admin", "YAWL", yawl.resource_url)
    late = {"userid": "late", "password": "x"}
    admin.ask("ia", "createAccount", userID="late", password="x", doco="")
    assert admin.connect("people", **late) == "<failure>Unknown Username: 'late'</failure>"
    yawl.restart()
    assert len(admin.connect("people", **late)) == 36


# --- announcements ----------------------------------------------------------------------------------------------------


def test_an_engine_says_that_it_is_there_before_its_port_opens(yawl: StandInEngine, listener: Listener) -> None:
    yawl.stop()
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", yawl.url, retries=False)
    yawl.start()
    eventually(lambda: listener.of("/ok", action="announceEngineInitialised"))
    assert listener.of("/ok", "HEAD")
    assert urllib3.request("GET", f"{yawl.url}/ib", retries=False).status == 200


@pytest.mark.parametrize(("kind", "arrive"), [("lose", 3), ("double", 5)])
def test_some_announcements_are_lost_or_doubled(
    yawl: StandInEngine, listener: Listener, kind: str, arrive: int
) -> None:
    yawl.arm(kind, action="announceCaseStarted", every=4, times=None)
    for _ in range(4):
        yawl.engine.launch("UID_waits")
    assert yawl.engine.announcer.wait()
    assert len(listener.of("/ok", action="announceCaseStarted")) == arrive


def test_held_announcements_come_later_and_those_that_wait_are_lost_in_a_restart(
    yawl: StandInEngine, listener: Listener
) -> None:
    yawl.arm("hold", times=2)
    first = yawl.engine.launch("UID_waits")
    yawl.engine.announcer.release()
    eventually(lambda: listener.of("/ok", action="announceCaseStarted", caseID=first))
    yawl.engine.launch("UID_waits")
    yawl.restart()
    yawl.engine.announcer.release()
    assert yawl.engine.announcer.wait()
    assert len(listener.of("/ok", action="announceCaseStarted")) == 1


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("failure", 200, "<failure>The engine is not in a state to answer.</failure>"),
        ("empty", 200, ""),
        ("null", 200, "null"),
        ("page", 200, "<!doctype html>"),
        ("server-error", 500, "<!doctype html>"),
        ("redirect", 302, ""),
    ],
)
def test_one_request_is_answered_by_a_fault(
    yawl: StandInEngine, engine: EngineClient, kind: str, status: int, text: str
) -> None:
    fault = yawl.arm(kind, action="getAllSpecifications", after=1)
    engine.log("getAllSpecifications")
    answer = engine.ask("logGateway", "getAllSpecifications")
    assert (answer.status, answer.text[: len(text)]) == (status, text)
    engine.log("getAllSpecifications")
    assert fault.met == 1


def test_a_dropped_connection_an_ended_session_and_a_poisoned_engine(yawl: StandInEngine, engine: EngineClient) -> None:
    engine.log("getAllSpecifications")
    yawl.arm("drop")
    with pytest.raises(ProtocolError) as dropped:
        engine.ask("logGateway", "getAllSpecifications")
    assert isinstance(dropped.value.args[1], RemoteDisconnected)
    yawl.arm("session-ends")
    assert engine.ask("logGateway", "getAllSpecifications").status == 500
    yawl.arm("poisoned", times=None)
    assert engine.ask("ib", "getAllRunningCases").status == 500
    yawl.restart()
    again = EngineClient(yawl.url, "reader", "password", None)
    assert again.ask("ib", "getAllRunningCases").status == 200


def test_a_session_ends_after_an_hour_without_a_request(
    yawl: StandInEngine, engine: EngineClient, clock: Clock
) -> None:
    engine.log("getAllSpecifications")
    clock.now += 3599
    engine.log("getAllSpecifications")
    clock.now += 3601
    assert engine.ask("logGateway", "getAllSpecifications").status == 500


def test_no_other_fault_can_be_armed() -> None:
    with pytest.raises(ValueError, match="a fault is one of"):
        Fault("explode")


# --- the admin interface ----------------------------------------------------------------------------------------------


def test_programs_drive_it_and_people_see_it(yawl: StandInEngine, listener: Listener) -> None:
    def command(path: str, method: str = "POST", status: int = 200, **given: Any) -> Any:
        answer = urllib3.request(method, yawl.admin_url + path, json=given, retries=False)
        assert answer.status == status, answer.data
        return json.loads(answer.data)

    assert command("/launch", identifier="UID_waits") == {"caseId": "1"}
    command("/complete", caseId="1", person="PA-1")
    assert command("/faults", kind="lose", times=None)["met"] == 0
    assert "explode" in command("/faults", status=400, kind="explode")["error"]
    command("/faults", "DELETE")
    command("/cancel", status=400, caseId="1")
    command("/stop")
    assert not yawl.running
    command("/start")
    assert yawl.engine.announcer.wait()
    page = urllib3.request("GET", yawl.admin_url).data.decode()
    for shown in ("Waits - version 0.1", "announceCaseStarted", listener.address, "running: none"):
        assert shown in page
    forbidden = urllib3.request("POST", f"{yawl.admin_url}/stop", headers={"Origin": "http://elsewhere"}, retries=False)
    assert forbidden.status == 403
