"""The stage's engines: all read together from their parameters, and kept for a minute whatever ids callers make up."""

import json

import pytest
from botocore.exceptions import ConnectTimeoutError

from tests.unit.log_lines import log_lines
from tests.unit.yawl.engines import PATH, Parameters, engine
from yawl import engines as module
from yawl.engines import KEPT, KEPT_AGAIN, Engines


class Time:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_engines_are_read_page_by_page_and_kept_for_a_minute(time: Time) -> None:
    parameters = Parameters(engine("b"), engine("a"))
    found = Engines(parameters, f"{PATH}/", time)
    assert found.all() == (engine("a"), engine("b"))
    time.now += KEPT
    assert (found.get("a"), found.get("b")) == found.all()
    assert parameters.asked == [PATH]


def test_a_change_is_seen_after_a_minute(time: Time) -> None:
    parameters = Parameters(engine())
    found = Engines(parameters, PATH, time)
    found.all()
    parameters.values = Parameters(engine("eng-7", epoch=2), engine("eng-8")).values
    assert found.get("eng-8") is None
    time.now += KEPT + 0.1
    assert found.all() == (engine("eng-7", epoch=2), engine("eng-8"))


def test_ids_that_callers_make_up_are_not_asked_for(time: Time) -> None:
    parameters = Parameters(engine())
    found = Engines(parameters, PATH, time)
    for made_up in ("", "../eng-7", "eng-7/", "é", *(f"eng-{n}" for n in range(100, 200))):
        assert found.get(made_up) is None
    assert parameters.asked == [PATH]


def test_a_stage_whose_engines_are_gone_is_not_asked_for_each_time(time: Time) -> None:
    parameters = Parameters()
    found = Engines(parameters, PATH, time)
    assert (found.get("eng-7"), found.get("eng-7"), found.all()) == (None, None, ())
    assert parameters.asked == [PATH]


def test_while_ssm_is_down_its_last_answer_holds_and_it_is_asked_now_and_then(time: Time) -> None:
    parameters = Parameters(engine())
    found = Engines(parameters, PATH, time)
    found.all()
    parameters.down = True
    time.now += KEPT + 0.1
    for _ in range(3):
        assert found.get("eng-7") == engine()
    assert len(parameters.asked) == 2
    time.now += KEPT_AGAIN + 0.1
    assert found.get("eng-7") == engine()
    assert len(parameters.asked) == 3
    parameters.down = False
    time.now += KEPT_AGAIN + 0.1
    parameters.values = Parameters(engine(epoch=2)).values
    assert found.get("eng-7") == engine(epoch=2)


def test_without_any_answer_the_error_is_raised_each_time(time: Time) -> None:
    parameters = Parameters(engine())
    parameters.down = True
    found = Engines(parameters, PATH, time)
    for _ in range(2):
        with pytest.raises(ConnectTimeoutError):
            found.get("eng-7")
    parameters.down = False
    assert found.get("eng-7") == engine()


def test_a_parameter_of_another_version_stops_no_other_engine(time: Time) -> None:
    """During a deployment a function may read what a later version has written, and the other way round."""
    parameters = Parameters(engine("a"), engine("b"), engine("c"))
    later = json.loads(engine("b").to_json()) | {"laterField": 1}
    parameters.values[f"{PATH}/b"] = json.dumps(later)
    parameters.values[f"{PATH}/c"] = "{}"
    engines = Engines(parameters, PATH, time)
    with log_lines(module.logger) as written:
        assert [each.id for each in engines.all()] == ["a", "b"]
    assert f"{PATH}/c" in written.getvalue()
    assert engines.get("b") == engine("b")
