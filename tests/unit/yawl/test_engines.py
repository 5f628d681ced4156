"""The stage's engines: read from their parameters, kept for a minute, and SSM is asked about possible ids only."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from tests.unit.yawl.engines import PATH, Parameters, engine
from yawl import engines
from yawl.engines import KEPT, Engines


class Time:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_an_engine_is_read_and_kept_for_a_minute(time: Time) -> None:
    parameters = Parameters(engine())
    found = Engines(parameters, f"{PATH}/", time)
    assert found.get("eng-7") == engine()
    time.now += KEPT
    assert found.get("eng-7") == engine()
    assert parameters.asked == [f"{PATH}/eng-7"]


def test_a_change_of_a_parameter_is_seen_after_a_minute(time: Time) -> None:
    parameters = Parameters(engine())
    found = Engines(parameters, PATH, time)
    found.get("eng-7")
    parameters.values[f"{PATH}/eng-7"] = engine(epoch=2).to_json()
    time.now += KEPT + 0.1
    assert found.get("eng-7") == engine(epoch=2)


def test_an_unknown_id_is_asked_for_once_a_minute(time: Time) -> None:
    parameters = Parameters()
    found = Engines(parameters, PATH, time)
    assert found.get("eng-8") is None
    assert found.get("eng-8") is None
    assert len(parameters.asked) == 1
    parameters.values[f"{PATH}/eng-8"] = engine("eng-8").to_json()
    time.now += KEPT + 0.1
    assert found.get("eng-8") == engine("eng-8")


@pytest.mark.parametrize("text", ["", "Eng", "-eng", "a/b", "../eng-7", "eng 7", "eng-7\n", "é", "e" * 33])
def test_ssm_is_not_asked_about_what_cannot_be_an_id(text: str, time: Time) -> None:
    parameters = Parameters(engine())
    assert Engines(parameters, PATH, time).get(text) is None
    assert parameters.asked == []


def test_while_ssm_is_down_its_last_answer_about_an_engine_holds(time: Time) -> None:
    parameters = Parameters(engine())
    found = Engines(parameters, PATH, time)
    found.get("eng-7")
    found.get("eng-8")
    time.now += KEPT + 0.1
    parameters.down = True
    assert found.get("eng-7") == engine()
    # Of an unknown engine nothing is known any more: a deployment may have made it.
    with pytest.raises(ConnectTimeoutError):
        found.get("eng-8")


def test_an_error_of_ssm_is_raised(time: Time) -> None:
    class Denied(Parameters):
        def _ask(self, name: str) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": name}}, "GetParameter")

    with pytest.raises(ClientError):
        Engines(Denied(), PATH, time).get("eng-7")


def test_made_up_ids_push_each_other_out_and_no_engine(monkeypatch: pytest.MonkeyPatch, time: Time) -> None:
    monkeypatch.setattr(engines, "MOST_KEPT", 3)
    parameters = Parameters(engine())
    found = Engines(parameters, PATH, time)
    for id_ in ("eng-7", *(f"made-up-{n}" for n in range(10)), "eng-7"):
        found.get(id_)
    assert len(found._answers) == 3
    assert parameters.asked.count(f"{PATH}/eng-7") == 1


def test_more_engines_than_are_kept_push_the_oldest_out(monkeypatch: pytest.MonkeyPatch, time: Time) -> None:
    monkeypatch.setattr(engines, "MOST_KEPT", 2)
    found = Engines(Parameters(*(engine(f"e{n}") for n in range(4))), PATH, time)
    for n in range(4):
        assert found.get(f"e{n}") == engine(f"e{n}")
    assert len(found._answers) == 2


def test_all_engines_are_read_page_by_page_and_kept(time: Time) -> None:
    parameters = Parameters(engine("b"), engine("a"))
    found = Engines(parameters, PATH, time)
    assert found.all() == found.all() == (engine("a"), engine("b"))
    assert parameters.asked == [PATH]
    del parameters.values[f"{PATH}/a"]
    time.now += KEPT + 0.1
    assert found.all() == (engine("b"),)
