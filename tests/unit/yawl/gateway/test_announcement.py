"""Bodies of announcements, as a living engine sent them and as nobody should: what is kept, and what is passed over."""

import base64
import json
import tracemalloc
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.synth import ROOT
from yawl.gateway.announcement import (
    CASE_STARTED,
    LARGEST_BODY,
    LONGEST_CASE_ID,
    LONGEST_VALUE,
    MOST_FIELDS,
    OTHERS,
    Announcement,
    UnreadableAnnouncement,
    read,
)
from yawl.start import Specification

CAPTURED: list[dict[str, Any]] = json.loads(
    (ROOT / "tests" / "events" / "yawl" / "announcements.json").read_text(encoding="utf-8")
)
STARTED = {"action": CASE_STARTED, "caseID": "42", "specidentifier": "UID_1", "specversion": "0.3", "specuri": "Order"}


def read_form(fields: dict[str, str]) -> Announcement:
    return read(urlencode(fields), is_base64=False)


@pytest.mark.parametrize("request_", [each for each in CAPTURED if each["body"]], ids=lambda each: str(each["what"]))
def test_what_a_living_engine_sent_is_read(request_: dict[str, Any]) -> None:
    body = request_["body"]
    sent = {name: values[0] for name, values in parse_qs(body).items()}
    specification = None
    if "specidentifier" in sent:
        specification = Specification(sent["specidentifier"], sent["specversion"], sent["specuri"])
    expected = Announcement(
        action=sent["action"],
        case_id=sent.get("caseID"),
        specification=specification,
        launching_service=sent.get("launchingService"),
        delayed=sent.get("delayed") == "true",
    )
    assert read(body, is_base64=False) == expected
    assert read(base64.b64encode(body.encode()).decode(), is_base64=True) == expected
    assert expected.is_known


def test_the_captured_requests_have_every_shape() -> None:
    announcements = [read(each["body"], is_base64=False) for each in CAPTURED if each["body"]]
    starts = [each for each in announcements if each.action == CASE_STARTED]
    assert {each.launching_service is None for each in starts} == {True, False}
    assert {each.delayed for each in starts} == {True, False}
    assert any(each.specification and each.specification.uri == "Größe_und_Maß" for each in starts)
    assert any(each.case_id and " " in each.case_id for each in starts)


def test_values_are_decoded_as_javas_client_encodes_them() -> None:
    """URLEncoder: a blank is ``+``, a plus ``%2B``, everything else UTF-8."""
    found = read("action=announceCaseStarted&caseID=a+b%2Bc%26%3D&specidentifier=%C3%9C%F0%9F%A6%86", is_base64=False)
    assert found.case_id == "a b+c&="
    assert found.specification == Specification("Ü🦆", "", "")


def test_fields_may_come_in_any_order_and_unencoded_utf8_is_utf8() -> None:
    assert read_form(dict(reversed(STARTED.items()))) == read_form(STARTED)
    assert read("caseID=Größe&action=announceCaseStarted", is_base64=False).case_id == "Größe"


def test_an_absent_specification_and_an_empty_service_are_none() -> None:
    found = read("action=announceCaseStarted&caseID=1&launchingService=", is_base64=False)
    assert found == Announcement(action=CASE_STARTED, case_id="1")


@pytest.mark.parametrize(
    ("body", "is_base64", "why"),
    [
        ("", False, "the action is missing"),
        ("caseID=1", False, "the action is missing"),
        ("action=&caseID=1", False, "the action is missing"),
        ("action", False, "the action is missing"),
        ("action=announceCaseStarted", False, "the case id is missing"),
        ("action=announceCaseStarted&caseID=", False, "the case id is missing"),
        ("action=announceCaseStarted&caseID=1&caseID=2", False, "a field is given twice"),
        ("action=announceCaseStarted&caseID=%FF", False, "a field is not UTF-8"),
        ("action=announceCaseStarted&caseID=\ud800", False, "a field is not UTF-8"),
        (f"action=announceCaseStarted&caseID={'1' * (LONGEST_CASE_ID + 1)}", False, "the case id is too long"),
        (f"action=announceCaseStarted&caseID=1&specuri={'1' * (LONGEST_VALUE + 1)}", False, "a field is too long"),
        (f"action=announceCaseStarted&caseID=1&specuri={'%20' * (LONGEST_VALUE + 1)}", False, "a field is too long"),
        ("&" * MOST_FIELDS + "action=announceEngineInitialised", False, "there are too many fields"),
        ("a" * (LARGEST_BODY + 1), False, "the body is too large"),
        ("a" * (LARGEST_BODY + 1), True, "the body is too large"),
        ("not base64!", True, "the body is not base64"),
        ("größer", True, "the body is not base64"),
    ],
)
def test_what_cannot_be_read_is_named_without_a_value(body: str, is_base64: bool, why: str) -> None:
    with pytest.raises(UnreadableAnnouncement) as raised:
        read(body, is_base64=is_base64)
    assert str(raised.value) == why


def test_bounds_themselves_are_allowed() -> None:
    found = read_form(STARTED | {"caseID": "1" * LONGEST_CASE_ID, "specuri": "ü" * (LONGEST_VALUE // 2)})
    assert found.case_id is not None and len(found.case_id) == LONGEST_CASE_ID
    assert read("&" * (MOST_FIELDS - 1) + "action=x", is_base64=False).action == "x"


def test_a_field_twice_with_one_value_is_no_contradiction() -> None:
    assert read("action=x&action=x", is_base64=False).action == "x"


@pytest.mark.parametrize("action", sorted(OTHERS))
def test_all_actions_of_both_interfaces_are_known(action: str) -> None:
    assert read_form({"action": action}).is_known


def test_an_unknown_action_is_read_and_not_known() -> None:
    assert not read_form({"action": "announceTheFuture"}).is_known


BOMB = (
    '<!DOCTYPE a [<!ENTITY a "' + "ha" * 50 + '"><!ENTITY b "' + "&a;" * 50 + '"><!ENTITY c "' + "&b;" * 50 + '">]>'
    "<a>&c;</a>"
)


@pytest.mark.parametrize("data", ["<a>" + "x" * 5_000_000 + "</a>", BOMB, "%", "=&="], ids=["5 MB", "bomb", "%", "&"])
@pytest.mark.parametrize("name", ["casedata", "workItem", "data", "an" * 5000])
def test_other_fields_are_passed_over_whatever_they_hold(name: str, data: str) -> None:
    body = f"{name}={quote_plus(data)}&caseID=7&action=announceCaseCompleted"
    tracemalloc.start()
    found = read(body, is_base64=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == Announcement(action="announceCaseCompleted", case_id="7")
    # The body as bytes, and not once more.
    assert peak < len(body) + 100_000


def test_case_data_that_is_not_utf8_is_passed_over() -> None:
    raw = b"casedata=\xff\xfe%FF&action=announceCaseCompleted&caseID=7"
    assert read(base64.b64encode(raw).decode(), is_base64=True).case_id == "7"


@given(st.text() | st.text(alphabet="acotindsID=&+%C3FZ0"), st.booleans())
def test_any_text_is_read_or_refused(body: str, is_base64: bool) -> None:
    try:
        found = read(body, is_base64=is_base64)
    except UnreadableAnnouncement:
        return
    assert found.action


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(
    st.fixed_dictionaries(
        {"caseID": TEXTS, "specidentifier": TEXTS, "specversion": TEXTS, "specuri": TEXTS},
        optional={"launchingService": TEXTS, "casedata": TEXTS, "delayed": st.sampled_from(["true", "false"])},
    ),
    st.randoms(),
)
def test_any_start_is_read_as_it_was_sent(fields: dict[str, str], random: Any) -> None:
    pairs = [*fields.items(), ("action", CASE_STARTED)]
    random.shuffle(pairs)
    found = read(urlencode(pairs), is_base64=False)
    assert found == Announcement(
        action=CASE_STARTED,
        case_id=fields["caseID"],
        specification=Specification(fields["specidentifier"], fields["specversion"], fields["specuri"]),
        launching_service=fields.get("launchingService"),
        delayed=fields.get("delayed") == "true",
    )
