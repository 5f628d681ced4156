"""The resource service's log: what people did, and what it answers where nobody did anything."""

import re

import pytest

from local.yawl_engine.accounts import digest
from local.yawl_engine.client import EngineClient, Uploaded, exchange

EVENT = (
    r'<event key="\d+"><speckey>\d+</speckey><caseid>[^<]*</caseid><taskid>[^<]*</taskid><itemid>[^<]*</itemid>'
    r"<resourceid>[^<]*</resourceid><eventtype>\w+</eventtype><timestamp>\d+</timestamp></event>"
)


@pytest.fixture(scope="module", autouse=True)
def resource_service(engine: EngineClient) -> None:
    if engine.resource_address is None:
        pytest.skip("no resource service is given: YAWL_RESOURCE=http://…/resourceService")


def asked(specification: Uploaded) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in specification.in_log.items())
    return f"<specifications><s>{inner}</s></specifications>"


def test_it_takes_the_digest_only(engine: EngineClient) -> None:
    fields = {"action": "connect", "userid": engine.user}
    answer = exchange(engine.url("people"), password=digest(engine.password), **fields)
    assert re.fullmatch("[0-9a-f-]{36}", answer.text)
    plain = exchange(engine.url("people"), password=engine.password, encrypt="true", **fields)
    assert plain.text == "<failure>Incorrect Password</failure>"
    unknown = exchange(engine.url("people"), action="connect", userid="metering-nobody", password="x")
    assert unknown.text == "<failure>Unknown Username: 'metering-nobody'</failure>"


def test_a_dead_session_is_an_empty_500(engine: EngineClient) -> None:
    answer = exchange(engine.url("people"), action="getSpecificationSetEvents", sessionHandle="ended")
    assert (answer.status, answer.text) == (500, "")
    assert exchange(engine.url("people"), action="checkConnection", sessionHandle="ended").text == "false"
    assert engine.ask("people", "checkConnection").text == "true"


def test_an_unknown_action_is_a_failure(engine: EngineClient) -> None:
    failure = "<failure>Resource Log Gateway called with invalid action.</failure>"
    assert engine.ask("people", "metering").text == failure


def test_each_specification_asked_for_is_answered_also_without_events(engine: EngineClient) -> None:
    nobody = Uploaded("UID_metering_nobody", "Nobody")
    expected = (
        '<SpecificationEvents><specification id="Nobody - version 0.1"><events></events></specification>'
        "</SpecificationEvents>"
    )
    assert engine.ask("people", "getSpecificationSetEvents", setxml=asked(nobody)).text == expected


@pytest.mark.parametrize("setxml", [{"setxml": "<specifications/>"}, {}])
def test_without_specifications_the_answer_is_silently_empty(engine: EngineClient, setxml: dict[str, str]) -> None:
    answer = engine.ask("people", "getSpecificationSetEvents", **setxml)
    assert (answer.status, answer.text) == (200, "<SpecificationEvents></SpecificationEvents>")


def test_events_have_their_participant_and_time(engine: EngineClient, waits: Uploaded) -> None:
    case_id = engine.launch(waits)
    engine.cancel(case_id)
    text = engine.ask("people", "getSpecificationSetEvents", setxml=asked(waits)).text
    inner = re.fullmatch(
        rf'<SpecificationEvents><specification id="{waits.uri} - version 0.1"><events>(.*)</events></specification>'
        "</SpecificationEvents>",
        text,
    )
    assert inner, text
    assert re.fullmatch(f"({EVENT})*", inner[1]), inner[1]
