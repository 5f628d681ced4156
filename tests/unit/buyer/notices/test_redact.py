"""What is kept of a notice that nobody understood names nobody."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.notices.redact import LARGEST, REMOVED, content


@pytest.mark.parametrize(
    "field",
    ["email", "E-Mail", "buyerName", "phoneNumber", "streetAddress", "contactInfo", "company", "token", "Signature"],
)
@pytest.mark.parametrize("value", ["Ann", {"first": "Ann"}, ["Ann"], "Ann@example.com"])
def test_personal_fields_lose_their_values_at_any_depth(field: str, value: object) -> None:
    kept = content(json.dumps({"outer": [{"inner": {field: value}}], "action": "unheard-of"}))["json"]
    assert "Ann" not in kept
    assert json.loads(kept) == {"outer": [{"inner": {field: REMOVED}}], "action": "unheard-of"}


@given(st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.com", fullmatch=True))
def test_an_address_in_any_field_is_removed(address: str) -> None:
    assert address not in content(json.dumps({"note": f"from {address}", "list": [address]}))["json"]


def test_an_envelope_is_opened_first() -> None:
    inner = json.dumps({"action": "new-thing", "email": "ann@example.com"})
    kept = content(json.dumps({"Type": "Notification", "Message": inner}))
    assert json.loads(kept["json"]) == {"action": "new-thing", "email": REMOVED}
    assert kept["truncated"] is False


def test_it_is_cut_to_what_an_item_holds() -> None:
    kept = content(json.dumps({"filler": "x" * LARGEST}))
    assert (len(kept["json"]), kept["truncated"]) == (LARGEST, True)


@pytest.mark.parametrize("body", ["", "{", "plain", "[" * 100_000, "ping \ud800"])
def test_what_is_not_json_is_kept_as_text(body: str) -> None:
    assert content(body) == {"text": body.replace("\ud800", "?")[:LARGEST], "truncated": len(body) > LARGEST}


def test_an_envelope_whose_message_is_no_json_is_kept_whole() -> None:
    assert json.loads(content('{"Type": "Notification", "Message": "plain"}')["json"])["Message"] == "plain"


def test_the_token_that_confirms_a_subscription_is_not_kept() -> None:
    address = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=s3cret"
    asked = {
        "Type": "SubscriptionConfirmation",
        "Token": "s3cret",
        "Message": f"visit {address}",
        "SubscribeURL": address,
    }
    for body in (json.dumps(asked), json.dumps(asked)[:-1], json.dumps(json.dumps(asked))):
        assert "s3cret" not in str(content(body))
        assert "SubscriptionConfirmation" in str(content(body))


@pytest.mark.parametrize(
    "body",
    [
        '{"action": "x", "email": "ann@example.com", "contactName": "Ann',
        '{"Type": "Notification", "Message": "{\\"action\\": \\"x\\", \\"name\\": \\"Ann"}',
        json.dumps(json.dumps(json.dumps({"action": "x", "name": "Ann"}))),
        json.dumps({"action": "x", "list": [json.dumps({"company": "Ann"})]}),
        "action x by Ann@example.com",
    ],
)
def test_what_is_broken_or_encoded_once_more_names_nobody_either(body: str) -> None:
    kept = str(content(body))
    assert "Ann" not in kept
    assert "action" in kept


def test_what_is_nested_too_deeply_is_cut_there() -> None:
    assert REMOVED in content("[" * 100 + "]" * 100)["json"]
