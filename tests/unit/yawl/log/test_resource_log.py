"""The resource service's log answers as a living one did: its captured exchanges, asked for again."""

import pytest

from tests.unit.yawl.log.log_gateway import LogGateway, asked_in, captured, text
from yawl.log import resource_log as module
from yawl.log.connect import resource_log
from yawl.log.ports import LoginRefused, ResourceEvent, ResourceLog, UnreadableAnswer
from yawl.start import Specification

WAIT_FOR_PERSON = Specification("UID_00000000-0000-4000-8000-000000000002", "0.1", "WaitForPerson", 2)
AUTO_DONE = Specification("UID_00000000-0000-4000-8000-000000000001", "0.1", "AutoDone", 1)
PERSON = "PA-00000000-0000-4000-8000-000000000001"
EVENTS = [
    ResourceEvent("system", "unoffer", 1795970166818),
    ResourceEvent(PERSON, "start", 1795970167901),
    ResourceEvent(PERSON, "complete", 1795970168008),
]
NAME = "resource-log-getSpecificationSetEvents"


@pytest.fixture
def log(gateway: LogGateway) -> ResourceLog:
    return resource_log(gateway.address, "meter", "password")


def test_the_events_of_a_living_service(gateway: LogGateway, log: ResourceLog) -> None:
    gateway.answer("getSpecificationSetEvents", captured(NAME))
    assert log.events([WAIT_FOR_PERSON, AUTO_DONE], 1795970100000, 1795970200000) == EVENTS
    (question,) = gateway.asked("getSpecificationSetEvents")
    assert {key: value for key, value in question.items() if key != "sessionHandle"} == asked_in(NAME)


def test_who_did_what_with_a_person_the_administrator_and_the_service(gateway: LogGateway, log: ResourceLog) -> None:
    gateway.answer("getSpecificationSetEvents", captured(f"{NAME}-all-kinds"))
    kinds: dict[str, set[str]] = {}
    for event in log.events([WAIT_FOR_PERSON], 1, 1795980000000):
        kinds.setdefault(event.participant, set()).add(event.kind)
    assert kinds == {
        PERSON: {"offer", "allocate", "start", "complete"},
        "admin": {"launch_case", "cancel_case"},
        "system": {"unoffer"},
    }


def test_a_second_bound_is_never_sent_since_it_would_replace_the_first(gateway: LogGateway, log: ResourceLog) -> None:
    gateway.answer("getSpecificationSetEvents", captured(f"{NAME}-from-to"))
    # What the service gave for a time in the far future: its whole history.
    assert log.events([WAIT_FOR_PERSON, AUTO_DONE], 9999999999998, 9999999999999) == []
    (question,) = gateway.asked("getSpecificationSetEvents")
    assert question["from"] == "9999999999998" and "to" not in question


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [
        (1795970166818, 1795970168008, EVENTS),
        (1795970166819, 1795970168008, EVENTS[1:]),
        (1795970166818, 1795970168007, EVENTS[:2]),
    ],
)
def test_both_ends_of_the_range_belong_to_it(
    gateway: LogGateway, log: ResourceLog, first: int, last: int, kept: list[ResourceEvent]
) -> None:
    gateway.answer("getSpecificationSetEvents", captured(NAME))
    assert log.events([WAIT_FOR_PERSON, AUTO_DONE], first, last) == kept


def test_a_set_that_the_service_could_not_read_is_not_taken_for_silence(gateway: LogGateway, log: ResourceLog) -> None:
    gateway.answer("getSpecificationSetEvents", captured(f"{NAME}-unreadable-set"))
    with pytest.raises(UnreadableAnswer):
        log.events([WAIT_FOR_PERSON], 1, 2)


def test_without_specifications_nothing_is_asked(gateway: LogGateway, log: ResourceLog) -> None:
    assert log.events([], 1, 2) == []
    assert gateway.questions == []


def test_two_rows_of_a_version_are_asked_for_once_and_texts_travel_as_they_are(
    gateway: LogGateway, log: ResourceLog
) -> None:
    old = Specification("", "0.1", "Old", 178)
    rows = [Specification("UID_b", "0.1", "R&D+Größe'%41;x=1", key) for key in (176, 177)]
    part = '<specification id="any - version 0.1"><events></events></specification>'
    gateway.answer("getSpecificationSetEvents", text(f"<SpecificationEvents>{part * 2}</SpecificationEvents>"))
    assert log.events([*rows, old], 1, 2) == []
    (question,) = gateway.asked("getSpecificationSetEvents")
    # Unescaped: the service's parser would take "&amp;" for the name.
    assert question["setxml"] == (
        "<x><s><identifier>UID_b</identifier><version>0.1</version><uri>R&D+Größe'%41;x=1</uri></s>"
        "<s><version>0.1</version><uri>Old</uri></s></x>"
    )


def test_many_specifications_are_asked_for_in_parts(
    gateway: LogGateway, log: ResourceLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    event = (
        '<event key="1"><speckey>1</speckey><caseid>7</caseid><taskid/><itemid/><resourceid>{}</resourceid>'
        "<eventtype>launch_case</eventtype><timestamp>5</timestamp></event>"
    )
    gateway.answer(
        "getSpecificationSetEvents",
        *(
            text(
                f'<SpecificationEvents><specification id="x - version 0.1"><events>{event.format(person)}</events>'
                "</specification></SpecificationEvents>"
            )
            for person in ("PA-1", "PA-2")
        ),
    )
    assert [found.participant for found in log.events([WAIT_FOR_PERSON, AUTO_DONE], 1, 9)] == ["PA-1", "PA-2"]


def test_an_event_without_a_participant_counts_for_no_user(gateway: LogGateway, log: ResourceLog) -> None:
    gateway.answer(
        "getSpecificationSetEvents",
        text(
            '<SpecificationEvents><specification id="x - version 0.1"><events><event key="1"><speckey>1</speckey>'
            "<caseid>7</caseid><taskid>T</taskid><itemid>7:T</itemid><resourceid/><eventtype>offer</eventtype>"
            "<timestamp>5</timestamp></event></events></specification></SpecificationEvents>"
        ),
    )
    assert log.events([AUTO_DONE], 1, 9) == []


def test_an_account_that_is_newer_than_the_engine_s_start_is_refused(gateway: LogGateway, log: ResourceLog) -> None:
    gateway.answer("connect", captured("resource-log-connect-unknown-user"))
    with pytest.raises(LoginRefused, match="Unknown Username"):
        log.events([AUTO_DONE], 1, 9)


def test_a_dead_session_shows_as_an_empty_500_here(gateway: LogGateway, log: ResourceLog) -> None:
    gateway.answer("getSpecificationSetEvents", captured(NAME))
    log.events([WAIT_FOR_PERSON, AUTO_DONE], 1, 2)
    gateway.answer("getSpecificationSetEvents", captured("resource-log-bad-session"), captured(NAME))
    assert len(log.events([WAIT_FOR_PERSON, AUTO_DONE], 1, 1795970168008)) == 3
    assert len(gateway.asked("connect")) == 2
