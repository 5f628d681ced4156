"""The app ties a purchase to its own account: once, audited, and to another one only if it says so."""

from typing import Any

import pytest

from buyer.link_account import ACCOUNT
from ledger.subscribers import Subscribers
from tests.unit.buyer.handover.conftest import WHO, App
from tests.unit.emitted import emitted

LINK = "/subscribers/custA1/link"


def test_a_link_is_stored_shown_and_audited_in_one_write(app: App) -> None:
    status, said = app.post(LINK, {"account": "acct-1"})
    assert (status, said["linkedAccount"], said["customerIdentifier"]) == (200, "acct-1", "custA1")
    assert (app.row()["linkedAccount"], app.row()["version"]) == ("acct-1", 4)
    (entry,) = app.audited()
    assert entry.pop("item").startswith("action#2026-11-15T00:00:01.500Z#")
    assert entry == {
        "subject": "custA1",
        "schema": 1,
        "who": WHO,
        "why": "the app links the purchase to its account",
        "command": "link",
        "target": "custA1",
        "change": {"account": "acct-1"},
    }


def test_linking_again_changes_nothing(app: App) -> None:
    app.post(LINK, {"account": "acct-1"})
    before = app.row()
    assert app.post(LINK, {"account": "acct-1"})[0] == 200
    assert app.post(LINK, {"account": "acct-1", "replace": True})[0] == 200
    assert app.row() == before
    assert len(app.audited()) == 1


def test_another_account_is_a_conflict_until_it_replaces(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app.post(LINK, {"account": "acct-1"})
    capsys.readouterr()
    for replace in ({}, {"replace": False}, {"replace": None}):
        status, said = app.post(LINK, {"account": "acct-2"} | replace)
        assert (status, said["error"]["code"]) == (409, "linked_elsewhere")
        assert said["error"]["details"] == {"linkedAccount": "acct-1"}
    assert emitted(capsys) == {"HandoversRefused": 3}
    assert app.row()["linkedAccount"] == "acct-1"
    assert app.post(LINK, {"account": "acct-2", "replace": True})[1]["linkedAccount"] == "acct-2"
    assert [entry["change"] for entry in sorted(app.audited(), key=lambda e: len(e["change"]))] == [
        {"account": "acct-1"},
        {"before": "acct-1", "account": "acct-2"},
    ]


@pytest.mark.parametrize(
    "account", ["", " ", "-a", "a b", "ann@acme.example", "ä", "a" * 129, "a\n", "<script>", "a\x00"]
)
def test_what_is_no_id_is_refused(app: App, account: str) -> None:
    status, said = app.post(LINK, {"account": account})
    assert (status, said["error"]["code"], said["error"]["details"]["field"]) == (400, "bad_request", "account")
    assert app.audited() == []


@pytest.mark.parametrize(
    "account", ["a", "7", "a" * 128, "org_1:team/2|x.y-z+=", "0b0e4f3a-1111-4222-8333-444455556666"]
)
def test_ids_of_many_forms_are_taken(app: App, account: str) -> None:
    assert ACCOUNT.fullmatch(account)
    assert app.post(LINK, {"account": account})[0] == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [({"account": 7}, "bad_request"), ({"account": "a", "replace": "yes"}, "bad_request"), ("", "bad_json")],
)
def test_a_bad_request_is_named(app: App, body: Any, code: str) -> None:
    status, said = app.post(LINK, body)
    assert (status, said["error"]["code"]) == (400, code)


def test_a_link_makes_no_subscriber(app: App) -> None:
    assert app.post("/subscribers/custGone/link", {"account": "a"})[0] == 404
    assert app.post("/subscribers/no%20id/link", {"account": "a"})[0] == 400
    assert app.audited() == []


def test_of_two_apps_at_once_one_wins(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one's link comes between the first one's read and its write."""
    reads = Subscribers.get
    raced: list[str] = []

    def get(store: Subscribers, key: str, consistent: bool = True) -> Any:
        found = reads(store, key, consistent)
        # The door reads once, and then the change.
        raced.append(key)
        if len(raced) == 2:
            table = app.dynamodb.Table("yawl-subscribers")
            table.put_item(Item={**app.row(), "linkedAccount": "acct-other", "version": 9})
        return found

    monkeypatch.setattr(Subscribers, "get", get)
    status, said = app.post(LINK, {"account": "acct-1"})
    assert (status, said["error"]["code"]) == (409, "linked_elsewhere")
    assert (app.row()["linkedAccount"], app.row()["version"]) == ("acct-other", 9)
    assert app.audited() == []
