"""``make engine-register``: each refusal of the engine or of the stage is one line with its remedy, and no line has the
secret."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from typer.testing import CliRunner

from deploy import __main__ as command_line
from deploy.api_door import Answer
from deploy.engine import administration, register
from tests.unit.deploy.engine.engine_double import EngineDouble

HOST = "https://abc.execute-api.us-east-1.amazonaws.com/v1/yawl/v1"
SECRET = "nQv3Yw0kY8m2o0QF0aUuWb3k9J0N4c1y5T6r7E8s9D0"
ADDRESS = f"{HOST}/eng-7/{SECRET}"
OLD, OF_ANOTHER = f"{HOST}/eng-7/old", f"{HOST}/eng-8/old"
YAWL = "http://yawl:8080/yawl"
RESOURCE_SERVICE = "http://localhost:8080/resourceService/ib?a=1&b=2"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> EngineDouble:
    """An engine, and a stage that knows the address."""
    double = EngineDouble()
    monkeypatch.setattr(administration, "Gateway", double)
    stage_answers(monkeypatch, 200)
    return double


def stage_answers(monkeypatch: pytest.MonkeyPatch, status: int | None) -> None:
    """status: None where this machine does not reach the stage."""

    def get(url: str) -> Answer:
        if status is None:
            raise EndpointConnectionError(endpoint_url=url)
        return Answer(status, "", None)

    monkeypatch.setattr(register, "get", get)


def run(**variables: str) -> tuple[int, str]:
    environment = {"YAWL": f"{YAWL}/", "YAWL_PASSWORD": "YAWL", "ADDRESS": ADDRESS} | variables
    result = CliRunner().invoke(command_line.app, ["engine-register"], env=environment)
    assert SECRET not in result.output
    assert result.exit_code == 0 or result.output.count("\n") == 1
    return result.exit_code, result.output


def test_the_address_is_registered_as_a_service_without_work_items(engine: EngineDouble) -> None:
    code, output = run()
    assert code == 0 and "registered: the engine announces" in output
    assert engine.url == f"{YAWL}/ia"
    assert engine.services == [RESOURCE_SERVICE, ADDRESS]
    service = engine.sent[-1]["service"]
    assert "<assignable>false</assignable>" in service
    assert "<servicename>marketplaceMetering</servicename>" in service


def test_each_registration_has_a_password_of_its_own(engine: EngineDouble) -> None:
    run()
    run(ADDRESS=OLD)
    passwords = {each["service"].partition("<servicepassword>")[2][:28] for each in engine.sent if "service" in each}
    assert len(passwords) == 2


def test_registering_again_changes_nothing(engine: EngineDouble) -> None:
    run()
    code, output = run()
    assert (code, "registered already" in output) == (0, True)
    assert engine.services == [RESOURCE_SERVICE, ADDRESS]


def test_the_old_address_of_the_same_engine_goes_if_it_is_to_be_replaced(engine: EngineDouble) -> None:
    for address in (OLD, OF_ANOTHER):
        run(ADDRESS=address)
    run()
    assert engine.services == [RESOURCE_SERVICE, OLD, OF_ANOTHER, ADDRESS]
    code, output = run(REPLACE="1")
    assert (code, "old secret is removed" in output) == (0, True)
    assert engine.services == [RESOURCE_SERVICE, OF_ANOTHER, ADDRESS]


def test_an_old_address_stays_if_the_new_one_is_refused(engine: EngineDouble) -> None:
    run(ADDRESS=OLD)
    engine.reaches = False
    assert run(REPLACE="1")[0] == 1
    assert engine.services == [RESOURCE_SERVICE, OLD]


def test_an_address_that_the_engine_does_not_reach(engine: EngineDouble) -> None:
    engine.reaches = False
    code, output = run()
    assert code == 1 and "the engine does not reach the address" in output


def test_another_refusal_is_quoted_without_the_secret(engine: EngineDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = f"<failure><reason>A service is there: {ADDRESS} &amp; more</reason></failure>"
    monkeypatch.setattr(engine, "_register", lambda uri: answer)
    code, output = run()
    assert code == 1 and "A service is there: <the address> & more" in output


def test_a_wrong_password(engine: EngineDouble) -> None:
    code, output = run(YAWL_PASSWORD="wrong")
    assert code == 1 and "does not let admin in: Incorrect Password" in output


@pytest.mark.parametrize(
    ("status", "what"), [(500, "answers HTTP 500"), (404, "answers HTTP 404"), (302, "answers HTTP 302")]
)
def test_an_engine_that_answers_otherwise(status: int, what: str, engine: EngineDouble) -> None:
    engine.status = status
    code, output = run()
    assert code == 1 and what in output


def test_an_engine_that_fails_on_the_way(engine: EngineDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    def poisoned(uri: str) -> str:
        engine.status = 500
        return "<success/>"

    monkeypatch.setattr(engine, "_register", poisoned)
    code, output = run()
    assert code == 1 and "may have done it: restart it" in output


def test_an_engine_that_does_not_answer(engine: EngineDouble) -> None:
    engine.down = True
    code, output = run()
    assert code == 1 and "does not answer (connect: NewConnectionError)" in output


def test_what_is_no_engine(engine: EngineDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_answer", lambda *_: "<html>hello</html>")
    code, output = run()
    assert code == 1 and "is no YAWL engine's" in output


@pytest.mark.parametrize(
    ("status", "what"),
    [(404, "does not know this address yet"), (403, "does not know this address yet"), (500, "answers HTTP 500")],
)
def test_an_address_that_the_stage_does_not_answer(
    status: int, what: str, engine: EngineDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_answers(monkeypatch, status)
    code, output = run()
    assert code == 1 and what in output
    assert engine.sent == []


def test_a_stage_that_only_the_engine_reaches(engine: EngineDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    stage_answers(monkeypatch, None)
    code, output = run()
    assert code == 0 and output.startswith("this machine does not reach the address")
    assert ADDRESS in engine.services


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        ({"YAWL": ""}, "no engine is named"),
        ({"YAWL": "yawl:8080"}, "no engine is named"),
        ({"ADDRESS": "https://example.com/"}, "no address of make engine-secret"),
        ({"ADDRESS": ""}, "environment variable ADDRESS"),
        ({"YAWL_PASSWORD": ""}, "environment variable YAWL_PASSWORD"),
    ],
)
def test_what_is_not_given_is_one_line(variables: dict[str, Any], what: str, engine: EngineDouble) -> None:
    code, output = run(**variables)
    assert code == 1 and what in output
    assert engine.sent == []
