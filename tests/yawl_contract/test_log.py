"""The engine's log: specifications, their cases, and each case's events. Its answers are no XML, but templates."""

import re
import time
from functools import partial

import pytest

from local.yawl_engine.client import EngineClient, Uploaded, parts
from tests.yawl_contract.listener import eventually

EVENT = (
    r'<event key="(\d+)"><instanceKey>(\d+)</instanceKey><descriptor>(\w+)</descriptor>'
    r"<timestamp>(\d+)</timestamp><serviceKey>(-?\d+)</serviceKey><rootNetInstanceKey>(\d+)</rootNetInstanceKey></event>"
)
NO_ROWS = "<failure>No rows returned.</failure>"


def events(engine: EngineClient, case_id: str, event: str = "CaseStart") -> list[tuple[str, ...]]:
    """key, instance, descriptor, time, service, root instance of each event."""
    text = engine.log("getCaseEvent", caseid=case_id, event=event)
    if text == NO_ROWS:
        return []
    found = re.fullmatch(f'<caseEvent caseID="{re.escape(case_id)}">((?:{EVENT})+)</caseEvent>', text)
    assert found, text
    return re.findall(EVENT, text)


def _has_events(engine: EngineClient, case_id: str, number: int) -> bool:
    return len(events(engine, case_id)) == number


def launch(engine: EngineClient, specification: Uploaded, **fields: str) -> str:
    """Launches a case and waits for the row of its start, which comes later."""
    case_id = engine.launch(specification, **fields)
    eventually(lambda: events(engine, case_id))
    return case_id


def key_of(engine: EngineClient, specification: Uploaded) -> str:
    pattern = (
        rf'<specification key="(\d+)"><id><identifier>{specification.identifier}</identifier>'
        rf"<version>0.1</version><uri>{specification.uri}</uri></id><rootnetkey>\d+</rootnetkey></specification>"
    )
    found = re.findall(pattern, engine.log("getAllSpecifications"))
    assert len(found) == 1, found
    return str(found[0])


def test_a_specification_is_logged_when_it_starts_for_the_first_time(engine: EngineClient) -> None:
    own = engine.upload("done", "MeteringFirst")
    assert own.identifier not in engine.log("getAllSpecifications")
    failure = "<failure>No records for specification 'MeteringFirst - version 0.1'.</failure>"
    assert engine.log("getSpecificationCaseIDs", **own.in_log) == failure
    assert engine.log("getSpecificationStatistics", **own.in_log) == failure
    case_id = launch(engine, own)
    key = key_of(engine, own)
    expected = f'<cases id="MeteringFirst - 0.1" key="{key}"><case>{case_id}</case></cases>'
    assert engine.log("getSpecificationCaseIDs", key=key) == expected
    assert engine.log("getSpecificationCaseIDs", **own.in_log) == expected


def test_a_start_has_its_time_and_its_launcher(engine: EngineClient, done: Uploaded) -> None:
    before = time.time() * 1000
    case_id = launch(engine, done)
    ((_, instance, descriptor, at, service, root),) = events(engine, case_id)
    assert (descriptor, instance) == ("CaseStart", root)
    assert before - 60_000 < int(at) < time.time() * 1000 + 60_000
    assert engine.log("getServiceName", key=service) == f"<service>{engine.user}</service>"
    started = engine.log("getAllCasesStartedByService", name=engine.user)
    assert started.startswith(f'<caseEvent serviceName="{engine.user}"><event key="')
    assert f"<instanceKey>{instance}</instanceKey>" in started


def test_the_completion_names_no_service(engine: EngineClient, done: Uploaded) -> None:
    case_id = launch(engine, done)
    # Of a case that ends within its launch the rows may be doubled, or belong to no case.
    assert {service for _, _, _, _, service, _ in events(engine, case_id, "CaseComplete")} <= {"-1"}
    assert events(engine, case_id, "CaseCancel") == []


def test_a_cancelled_case_names_who_cancelled(engine: EngineClient, waits: Uploaded) -> None:
    case_id = launch(engine, waits)
    engine.cancel(case_id)
    eventually(lambda: events(engine, case_id, "CaseCancel"))
    ((_, instance, _, _, service, _),) = events(engine, case_id, "CaseCancel")
    assert engine.log("getServiceName", key=service) == f"<service>{engine.user}</service>"
    assert f"<instanceKey>{instance}</instanceKey>" in engine.log("getAllCasesCancelledByService", name=engine.user)


def test_an_id_that_is_used_again_is_listed_and_logged_again(engine: EngineClient) -> None:
    own = engine.upload("done", "MeteringRepeats")
    name = f"again-{own.identifier}"
    for times in (1, 2, 3):
        engine.launch(own, caseid=name)
        eventually(partial(_has_events, engine, name, times))
    listed = engine.log("getSpecificationCaseIDs", **own.in_log)
    assert parts(listed, "case") == [name] * 3
    instances = {instance for _, instance, *_ in events(engine, name)}
    assert len(instances) == 3
    nets = engine.log("getNetInstancesOfSpecification", key=key_of(engine, own))
    assert set(re.findall(r'<netInstance key="(\d+)">', nets)) == instances
    assert parts(nets, "caseid") == [name] * 3
    assert set(parts(nets, "parentTaskInstanceKey")) == {"-1"}


def test_nothing_is_escaped(engine: EngineClient) -> None:
    own = engine.upload("done", "MeteringOdd")
    odd = f"a & <b> ä {own.identifier}"
    launch(engine, own, caseid=odd)
    assert f"<case>{odd}</case>" in engine.log("getSpecificationCaseIDs", **own.in_log)
    assert engine.log("getCaseEvent", caseid=odd, event="CaseStart").startswith(f'<caseEvent caseID="{odd}"><event')


def test_a_delayed_launch_is_logged_without_its_service(engine: EngineClient) -> None:
    own = engine.upload("done", "MeteringDelayed")
    engine.launch(own, mSec="500")
    # For a moment a new specification's list may hold cases of others, which were lost from their lists.
    eventually(lambda: len(parts(engine.log("getSpecificationCaseIDs", **own.in_log), "case")) == 1)
    (case_id,) = parts(engine.log("getSpecificationCaseIDs", **own.in_log), "case")
    eventually(lambda: events(engine, case_id))
    *_, (_, _, _, _, service, _) = events(engine, case_id)
    assert service == "-1"
    assert engine.log("getServiceName", key="-1") == "<failure>Unknown key.</failure>"


def test_the_statistics_count_starts_within_the_times_unless_they_are_asked_by_key(engine: EngineClient) -> None:
    own = engine.upload("done", "MeteringCounted")
    cases = [launch(engine, own) for _ in range(3)]
    times = sorted(int(events(engine, case_id)[0][3]) for case_id in cases)

    def started(**fields: str) -> str:
        text = engine.log("getSpecificationStatistics", **fields)
        assert text.startswith('<specification id="MeteringCounted - 0.1" key="'), text
        return parts(text, "started")[0]

    assert started(**own.in_log) == "3"
    assert started(**own.in_log, **{"from": str(times[0]), "to": str(times[2])}) == "3", "both ends are included"
    assert started(**own.in_log, **{"from": str(times[2] + 1), "to": str(times[2] + 9)}) == "0"
    assert started(**own.in_log, **{"from": str(times[2])}) == str(times.count(times[2]))
    key = key_of(engine, own)
    assert started(key=key, **{"from": str(times[2] + 1), "to": str(times[2] + 9)}) == "3", "a key ignores the times"
    empty = engine.log("getSpecificationStatistics", **own.in_log, **{"from": str(times[2] + 3_600_000)})
    assert parts(empty, "completionMaxtime") == ["N/A"]


@pytest.mark.parametrize(
    ("action", "fields", "expected"),
    [
        ("getSpecificationCaseIDs", {"key": "999999999"}, "<failure>Unknown key.</failure>"),
        (
            "getSpecificationCaseIDs",
            {"identifier": "UID_metering_nobody", "version": "0.1", "uri": "Nobody"},
            "<failure>No records for specification 'Nobody - version 0.1'.</failure>",
        ),
        ("getSpecificationStatistics", {"key": "999999999"}, "<failure>Unknown key.</failure>"),
        ("getNetInstancesOfSpecification", {"key": "999999999"}, NO_ROWS),
        ("getCaseEvent", {"caseid": "metering-nobody", "event": "CaseStart"}, NO_ROWS),
        ("getCaseEvent", {"event": "CaseStart"}, NO_ROWS),
        ("getServiceName", {"key": "999999999"}, "<failure>Unknown key.</failure>"),
        ("getAllCasesStartedByService", {"name": "metering-nobody"}, NO_ROWS),
    ],
)
def test_what_is_not_there_is_a_failure_within_200(
    engine: EngineClient, action: str, fields: dict[str, str], expected: str
) -> None:
    assert engine.log(action, **fields) == expected


@pytest.mark.parametrize("fields", [{"key": "seven"}, {}])
def test_a_key_that_is_no_number_is_a_page_of_500(engine: EngineClient, fields: dict[str, str]) -> None:
    answer = engine.ask("logGateway", "getServiceName", **fields)
    assert (answer.status, answer.kind) == (500, "text/html;charset=utf-8")


def test_a_loaded_version_with_running_cases_stays_and_is_not_loaded_twice(
    engine: EngineClient, waits: Uploaded
) -> None:
    case_id = engine.launch(waits)
    answer = engine.ask("ia", "unload", **waits.in_launch).text
    assert "as one or more cases are currently active against it." in answer
    running = engine.ask("ib", "getAllRunningCases").text
    assert f'identifier="{waits.identifier}" version="0.1" uri="{waits.uri}"><caseID>{case_id}</caseID>' in running
    engine.cancel(case_id)
