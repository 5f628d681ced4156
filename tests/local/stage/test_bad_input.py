"""Bad input against the running API: a clear 4xx or a named verdict, never a 5xx, nothing stored."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from local.cloud import Answer
from local.replay.buyers import Buyer
from runtime.clock import iso
from tests.local.stage.acting import Acting, Item

pytestmark = [pytest.mark.local, pytest.mark.timeout(60)]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}
#: a place for a number that Python's JSON would not write
RAW = "raw number"
DAY = 86400


def refused(answer: Answer, status: int, code: str) -> None:
    """In our own words: a stable code, a sentence, and no trace of the inside."""
    assert answer.status == status, answer
    error = answer.json["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["code"] == code
    assert len(error["message"]) > 5
    for inside in ("Traceback", ".py", "botocore", "yawl-"):
        assert inside not in answer.text


# --- single events ----------------------------------------------------------------------------------------------------

EVENTS: list[tuple[str, Item, str | None, tuple[str, str]]] = [
    ("unknown dimension", {"dimension": "gpu_hours"}, None, ("refused", "unknown_dimension")),
    ("no dimension", {"dimension": None}, None, ("refused", "unknown_dimension")),
    ("negative", {"quantity": -1}, None, ("refused", "bad_quantity")),
    ("NaN", {"quantity": RAW}, "NaN", ("refused", "bad_quantity")),
    ("infinite", {"quantity": RAW}, "Infinity", ("refused", "bad_quantity")),
    ("NaN in a string", {"quantity": "NaN"}, None, ("refused", "bad_quantity")),
    ("1e400", {"quantity": RAW}, "1e400", ("refused", "bad_quantity")),
    ("exponent beyond Decimal's", {"quantity": RAW}, "1e9999999999999999999", ("refused", "bad_quantity")),
    ("30 digits", {"quantity": RAW}, "9" * 30, ("refused", "bad_quantity")),
    ("30 digits in a string", {"quantity": "9" * 30}, None, ("refused", "bad_quantity")),
    ("30 decimals", {"quantity": RAW}, "0." + "1" * 30, ("refused", "bad_quantity")),
    ("a quantity that is none", {"quantity": [1]}, None, ("refused", "bad_quantity")),
    ("without a user", {"dimension": "active_users"}, None, ("refused", "user_required")),
    ("unknown customer", {"customerIdentifier": "nobody-knows"}, None, ("retry_later", "unknown_customer")),
    ("customer that cannot be one", {"customerIdentifier": "a\u0000b"}, None, ("refused", "bad_event")),
    ("id of 129 characters", {"id": "x" * 129}, None, ("refused", "bad_id")),
    ("unknown field", {"discount": 1}, None, ("refused", "bad_event")),
    ("time without a zone", {"occurredAt": "2026-11-15T08:00:00"}, None, ("refused", "bad_event")),
    ("half a surrogate pair", {"source": "\ud800"}, None, ("refused", "bad_event")),
]  # fmt: skip


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("change", "raw", "expected"), [case[1:] for case in EVENTS], ids=[case[0] for case in EVENTS])
def test_an_event_is_refused_by_name(
    acting: Acting, buyer: Buyer, change: Item, raw: str | None, expected: tuple[str, str]
) -> None:
    body = json.dumps({"events": [{**acting.event(buyer), **change}]})
    if raw is not None:
        body = body.replace(json.dumps(RAW), raw)
    answer = acting.stage.api.call("POST", "/usage", body, headers=JSON, caller=acting.stage.usage_sender)
    assert answer.status == 200, answer
    (verdict,) = answer.json["verdicts"]
    assert (verdict["verdict"], verdict["reason"]) == expected
    assert len(verdict["message"]) > 5


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("ahead", "reason"), [(3 * DAY, "in_future"), (-40 * DAY, "too_old")], ids=["in three days", "40 days ago"]
)
def test_an_event_of_another_time_is_refused_by_name(acting: Acting, buyer: Buyer, ahead: int, reason: str) -> None:
    (verdict,) = acting.send(acting.event(buyer, occurredAt=iso(acting.now + ahead)))
    assert (verdict["verdict"], verdict["reason"]) == ("refused", reason)


@pytest.mark.usefixtures("nothing_stored")
def test_bad_events_spoil_no_others_and_each_has_its_verdict(acting: Acting, buyer: Buyer) -> None:
    no_event: Any = 7
    verdicts = acting.send(acting.event("nobody-knows"), acting.event(buyer, quantity="NaN"), {}, no_event)
    assert [verdict["verdict"] for verdict in verdicts] == ["retry_later", "refused", "refused", "refused"]


@pytest.mark.parametrize("together", [True, False], ids=["in one request", "in two"])
def test_an_id_names_one_event(acting: Acting, buyer: Buyer, together: bool) -> None:
    first = acting.event(buyer, quantity=2)
    other = {**first, "quantity": 3}
    verdicts = acting.send(first, other) if together else [*acting.send(first), *acting.send(other)]
    assert [(v["verdict"], v.get("reason")) for v in verdicts] == [("recorded", None), ("refused", "id_reused")]
    items = [item for item in acting.stored()["yawl-usage-events"] if item["eventId"].endswith(first["id"])]
    assert [item["content"]["quantity"] for item in items] == [2]


# --- whole requests ---------------------------------------------------------------------------------------------------

#: method, path, body, headers, signed, status, code
REQUESTS: dict[str, tuple[str, str, Any, dict[str, str], bool, int, str]] = {
    "register without a token": ("POST", "/register", "", FORM, False, 400, "missing_token"),
    "register with an empty token": ("POST", "/register", "token=", FORM, False, 400, "missing_token"),
    "register with a junk token": (
        "POST", "/register", "x-amzn-marketplace-token=junk%22%3E%3Cscript%3E", FORM, False, 400, "invalid_token",
    ),
    "register in another content type": ("POST", "/register", "a token", TEXT, False, 415, "unsupported_media_type"),
    "register with 1 MB": ("POST", "/register", "token=" + "x" * 2**20, FORM, False, 413, "payload_too_large"),
    "contact data without a token": (
        "POST", "/registrations", {"email": "a@example.com"}, {}, False, 400, "missing_token",
    ),
    "contact data with a junk token": (
        "POST", "/registrations", {"token": "junk", "email": "a@example.com"}, {}, False, 400, "invalid_token",
    ),
    "contact data with a junk session": (
        "POST", "/registrations", {"session": "junk.junk", "email": "a@example.com"}, {}, False, 400, "invalid_session",
    ),
    "contact data without an address": ("POST", "/registrations", {"token": "junk"}, {}, False, 400, "bad_request"),
    "contact data in broken JSON": ("POST", "/registrations", '{"token": ', JSON, False, 400, "bad_request"),
    "contact data that is a list": ("POST", "/registrations", "[]", JSON, False, 400, "bad_request"),
    "usage in another content type": ("POST", "/usage", '{"events": []}', TEXT, True, 415, "unsupported_media_type"),
    "usage in broken JSON": ("POST", "/usage", '{"events": [', JSON, True, 400, "bad_json"),
    "usage that is nested too deep": ("POST", "/usage", "[" * 100_000, JSON, True, 400, "bad_json"),
    "usage in Latin-1": ("POST", "/usage", b'{"events": [\xe9]}', JSON, True, 400, "bad_json"),
    "usage without events": ("POST", "/usage", {"events": []}, {}, True, 400, "no_events"),
    "usage that is a list": ("POST", "/usage", [1], {}, True, 400, "bad_request"),
    "usage with 1 MB": ("POST", "/usage", {"events": [{"id": "x" * 2**20}]}, {}, True, 413, "payload_too_large"),
    "usage with 101 events": ("POST", "/usage", {"events": [{}] * 101}, {}, True, 400, "too_many_events"),
    "an unknown subscriber": ("GET", "/subscribers/nobody-knows", None, {}, True, 404, "not_found"),
    "entitlements of one": ("GET", "/subscribers/nobody-knows/entitlements", None, {}, True, 404, "not_found"),
    "usage of one": ("GET", "/subscribers/nobody-knows/usage", None, {}, True, 404, "not_found"),
    "a subscriber that cannot be one": ("GET", "/subscribers/%3Cb%3E", None, {}, True, 400, "bad_request"),
}  # fmt: skip


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("case", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_is_refused_by_name(
    acting: Acting, case: tuple[str, str, Any, dict[str, str], bool, int, str]
) -> None:
    method, path, body, headers, signed, status, code = case
    caller = acting.stage.usage_sender if signed else None
    answer = acting.stage.api.call(method, path, body, headers=headers, caller=caller)
    refused(answer, status, code)
    assert "junk" not in answer.text


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "first", ["yesterday", "2026-11-15T08:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"]
)
def test_a_window_of_usage_that_is_none_is_refused_by_name(acting: Acting, buyer: Buyer, first: str) -> None:
    path = f"/subscribers/{buyer.customer_identifier}/usage?{urlencode({'from': first})}"
    refused(acting.stage.api.call("GET", path, caller=acting.stage.usage_sender), 400, "bad_request")


def test_an_expired_token_is_refused_by_name(acting: Acting) -> None:
    known = acting.stage.marketplace.create_buyer(acting.stage.product_code, "license")
    acting.pass_minutes(4 * 60 + 1)  # tokens live for four hours
    before = acting.stored()
    for path in ("/register", "/registrations"):
        body = {"token": known["token"], "email": "late@example.com"}
        answer = acting.stage.api.call("POST", path, body)
        refused(answer, 400, "expired_token")
        assert known["token"] not in answer.text
    assert acting.stored() == before
    # it was the token's age: a fresh one passes
    again = {"token": acting.stage.marketplace.new_token(known["id"]), "email": "late@example.com"}
    assert acting.stage.api.call("POST", "/registrations", again).status == 200
