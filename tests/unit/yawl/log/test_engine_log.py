"""The engine's log answers as a living engine 6.1 did: its captured exchanges, asked for again."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.yawl.log.log_gateway import LogGateway, asked_in, captured, text
from yawl.log.connect import engine_log
from yawl.log.ports import NO_SERVICE, CaseStart, EngineFailure, EngineLog
from yawl.start import Specification

AUTO_DONE = Specification("UID_00000000-0000-4000-8000-000000000001", "0.1", "AutoDone", 1)
ODD = Specification("UID_00000000-0000-4000-8000-00000000000a", "0.1", "Odd", 53)
DOUBLED = [
    Specification("UID_00000000-0000-4000-8000-00000000000b", "0.1", "R&D+Größe'%41;x=1", key) for key in (176, 177)
]
ODD_IDS = ["a b", "a&b", "grüße", "x<y>", "1.5", 'q"q', "", "  ", "007", "日本", "a+b", "a%2Bb"]


@pytest.fixture
def log(gateway: LogGateway) -> EngineLog:
    return engine_log(gateway.address, "meter", "pässword")


Question = Callable[[EngineLog], Any]


@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [
        ("log-getSpecificationCaseIDs-key", lambda log: log.case_ids(AUTO_DONE), ["1", "7", "8", "9", "10"]),
        ("log-getSpecificationCaseIDs-key-odd-ids", lambda log: log.case_ids(ODD), ODD_IDS),
        ("log-getSpecificationCaseIDs-doubled-row-first", lambda log: log.case_ids(DOUBLED[0]), ["322"]),
        ("log-getSpecificationCaseIDs-doubled-row-second", lambda log: log.case_ids(DOUBLED[1]), ["321", "323"]),
        ("log-getCaseEvent-start", lambda log: log.case_starts("15"), [CaseStart(60, 1795969592920, 1)]),
        ("log-getCaseEvent-odd-id", lambda log: log.case_starts("x<y>"), [CaseStart(65, 1795969667117, 1)]),
        ("log-getCaseEvent-unknown-case", lambda log: log.case_starts("987654"), []),
        (
            "log-getCaseEvent-repeated-id",
            lambda log: log.case_starts("my-1"),
            [CaseStart(1, 1795969839347, 1), CaseStart(2, 1795969840649, 2), CaseStart(3, 1795969841897, 3)],
        ),
        (
            "log-getNetInstancesOfSpecification-repeated-id",
            lambda log: log.net_instances(AUTO_DONE),
            {"my-1": [1, 2, 3]},
        ),
        (
            # A sub-net has an instance, and is no case.
            "log-getNetInstancesOfSpecification-subnet",
            lambda log: log.net_instances(ODD),
            {"48": [95]},
        ),
        (
            "log-getNetInstancesOfSpecification-odd-ids",
            lambda log: log.net_instances(ODD),
            {case_id: [62 + index] for index, case_id in enumerate(ODD_IDS)},
        ),
        (
            "log-getNetInstancesOfSpecification-unknown-key",
            lambda log: log.net_instances(AUTO_DONE._replace(key=999999)),
            {},
        ),
        ("log-getServiceName", lambda log: log.service_name(3), "worker"),
        ("log-getServiceName-client", lambda log: log.service_name(2), "acme"),
        ("log-getServiceName-odd", lambda log: log.service_name(4), "a<b&c"),
        (
            # The statistics are those of the first row, and say so.
            "log-getSpecificationStatistics-doubled-row",
            lambda log: [log.started(row, 1, 99999999999999) for row in DOUBLED],
            [1, None],
        ),
    ],
)
def test_questions_and_answers_are_those_of_a_living_engine(
    gateway: LogGateway, log: EngineLog, name: str, question: Question, answer: Any
) -> None:
    asked = asked_in(name)
    gateway.answer(asked["action"], captured(name))
    assert question(log) == answer
    questions = gateway.asked(asked["action"])
    assert [{key: value for key, value in found.items() if key != "sessionHandle"} for found in questions] == [
        asked
    ] * len(questions)
    assert set(gateway.paths) == {"/yawl/logGateway"}


def test_a_range_of_statistics_is_asked_by_identifier_since_the_key_would_ignore_it(
    gateway: LogGateway, log: EngineLog
) -> None:
    name = "log-getSpecificationStatistics-from-to"
    asked = asked_in(name)
    assert "key" not in asked
    gateway.answer("getSpecificationStatistics", captured(name))
    assert log.started(AUTO_DONE, int(asked["from"]), int(asked["to"])) == 2
    (question,) = gateway.asked("getSpecificationStatistics")
    assert {key: value for key, value in question.items() if key != "sessionHandle"} == asked
    gateway.answer("getSpecificationStatistics", captured("log-getSpecificationStatistics-empty-range"))
    assert log.started(AUTO_DONE, 1, 2) == 0


def test_each_row_of_a_version_is_a_specification(gateway: LogGateway, log: EngineLog) -> None:
    gateway.answer("getAllSpecifications", captured("log-getAllSpecifications"))
    found = log.specifications()
    assert found[0] == AUTO_DONE
    assert Specification("UID_00000000-0000-4000-8000-000000000005", "0.1", "Größe_und_Maß", 6) in found
    gateway.answer(
        "getAllSpecifications",
        text(
            "<specifications>"
            + "".join(
                f'<specification key="{key}"><id><identifier>U</identifier><version>0.1</version><uri>R&D</uri></id>'
                f"<rootnetkey>{key + 6}</rootnetkey></specification>"
                for key in (176, 177)
            )
            # A specification of before YAWL 2.0 has no identifier.
            + '<specification key="178"><id><identifier/><version>0.1</version><uri>Old</uri></id>'
            "<rootnetkey>9</rootnetkey></specification></specifications>"
        ),
    )
    assert log.specifications() == [("U", "0.1", "R&D", 176), ("U", "0.1", "R&D", 177), ("", "0.1", "Old", 178)]


def test_an_engine_without_cases_has_no_specifications(gateway: LogGateway, log: EngineLog) -> None:
    gateway.answer("getAllSpecifications", text("<failure>No rows returned.</failure>"))
    assert log.specifications() == []


@pytest.mark.parametrize(
    "form", ['<cases id="AutoDone - 0.1" key="1"/>', '<cases id="AutoDone - 0.1" key="1"></cases>']
)
def test_a_specification_without_cases(gateway: LogGateway, log: EngineLog, form: str) -> None:
    gateway.answer("getSpecificationCaseIDs", text(form))
    assert log.case_ids(AUTO_DONE) == []


def test_a_version_without_an_identifier_is_asked_for_without_one(gateway: LogGateway, log: EngineLog) -> None:
    gateway.answer("getSpecificationStatistics", captured("log-getSpecificationStatistics-empty-range"))
    log.started(AUTO_DONE._replace(identifier=""), 1, 2)
    (question,) = gateway.asked("getSpecificationStatistics")
    assert "identifier" not in question and question["uri"] == "AutoDone"


def test_a_specification_that_the_log_no_longer_has_is_a_failure(gateway: LogGateway, log: EngineLog) -> None:
    gateway.answer("getSpecificationCaseIDs", captured("log-getSpecificationCaseIDs-unknown-key"))
    with pytest.raises(EngineFailure, match=r"^getSpecificationCaseIDs: Unknown key\.$"):
        log.case_ids(AUTO_DONE)


def test_an_escaped_case_id_is_another_id(gateway: LogGateway, log: EngineLog) -> None:
    gateway.answer("getCaseEvent", captured("log-getCaseEvent-escaped-id"))
    assert log.case_starts("a&amp;b") == []
    (question,) = gateway.asked("getCaseEvent")
    assert question["caseid"] == "a&amp;b"


def test_a_service_s_name_is_asked_for_once_and_none_without_a_service(gateway: LogGateway, log: EngineLog) -> None:
    assert log.service_name(NO_SERVICE) is None
    assert gateway.questions == []
    gateway.answer("getServiceName", captured("log-getServiceName-minus-one"))
    assert [log.service_name(7), log.service_name(7)] == [None, None]
    gateway.answer("getServiceName", captured("log-getServiceName-client"))
    assert [log.service_name(2), log.service_name(2)] == ["acme", "acme"]
    assert [question["key"] for question in gateway.asked("getServiceName")] == ["7", "2"]


def test_starts_come_by_ascending_net_instance_whatever_the_order_of_rows(gateway: LogGateway, log: EngineLog) -> None:
    rows = "".join(
        f'<event key="{9 - key}"><instanceKey>{key}</instanceKey><descriptor>CaseStart</descriptor>'
        f"<timestamp>{100 - key}</timestamp><serviceKey>-1</serviceKey>"
        f"<rootNetInstanceKey>{key}</rootNetInstanceKey></event>"
        for key in (8, 3, 5)
    )
    gateway.answer("getCaseEvent", text(f'<caseEvent caseID="1">{rows}</caseEvent>'))
    assert log.case_starts("1") == [
        CaseStart(3, 97, NO_SERVICE),
        CaseStart(5, 95, NO_SERVICE),
        CaseStart(8, 92, NO_SERVICE),
    ]


def test_a_million_case_ids_take_less_than_a_fifth_of_a_gigabyte(gateway: LogGateway, log: EngineLog) -> None:
    cases = "".join(f"<case>{number}</case>" for number in range(1_000_000, 2_000_000))
    gateway.answer("getSpecificationCaseIDs", text(f'<cases id="AutoDone - 0.1" key="1">{cases}</cases>'))
    tracemalloc.start()
    ids = log.case_ids(AUTO_DONE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(ids), ids[0], ids[-1]) == (1_000_000, "1000000", "1999999")
    assert most < 200_000_000
