"""What is kept of a notice that nobody understood names nobody."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.redact import LARGEST, REMOVED, content


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


@pytest.mark.parametrize("body", ["", "{", "plain", '{"Message": "plain"}'])
def test_what_is_not_json_is_an_error(body: str) -> None:
    with pytest.raises(ValueError):  # JSONDecodeError's own sentence
        content(body)
