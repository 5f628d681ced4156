"""The app redeems a hand-over once, and learns who came and what was bought."""

import json
from typing import Any

import pytest

from buyer.handlers import subscriber_api
from ledger.tables import NOTICES, SUBSCRIBERS
from runtime import clock
from tests.unit.buyer.handover.conftest import App
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.messages import PRODUCT, T0


def redeem(app: App, token: str) -> tuple[int, dict[str, Any]]:
    return app.post("/handovers/redeem", {"handover": token})


def test_it_names_the_buyer_and_what_was_bought_without_contact_data(app: App) -> None:
    assert redeem(app, app.token()) == (
        200,
        {
            "customerIdentifier": "custA1",
            "product": {"code": PRODUCT, "title": "Order Flow"},
            "status": "active",
            "tier": "basic_tier",
            "entitlements": [{"dimension": "basic_tier", "value": "1", "expirationDate": "2026-11-16T00:00:00Z"}],
        },
    )


def test_it_is_good_once_and_another_one_of_the_same_buyer_is_good_again(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    token = app.token()
    assert redeem(app, token)[0] == 200
    capsys.readouterr()
    status, said = redeem(app, token)
    assert (status, said["error"]["code"]) == (409, "used_handover")
    assert emitted(capsys) == {"HandoversRefused": 1}
    assert redeem(app, app.token())[0] == 200


def test_what_is_kept_of_it_is_its_id_for_a_day(app: App) -> None:
    token = app.token()
    redeem(app, token)
    (kept,) = app.dynamodb.Table(NOTICES.name).scan()["Items"]
    assert kept["noticeId"] == f"handover#{app.handovers.open(token, T0).id}"
    assert T0 + 86400 < kept["expiresAt"] < T0 + 2 * 86400
    assert token not in str(kept) and "custA1" not in str(kept)


def test_an_expired_one_is_refused_and_counted_as_no_failure(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = app.token()
    monkeypatch.setattr(clock, "now", lambda: T0 + 300)
    status, said = redeem(app, token)
    assert (status, said["error"]["code"]) == (400, "expired_handover")
    assert emitted(capsys) == {}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"handover": "junk"}, 400, "invalid_handover"),
        ({}, 400, "invalid_handover"),
        ({"handover": 7}, 400, "bad_request"),
        ({"handover": "x", "more": 1}, 400, "bad_request"),
        ([], 400, "bad_request"),
        ("{", 400, "bad_json"),
        (None, 400, "bad_json"),
        ("[" * 5000, 400, "bad_json"),
        ({"handover": "x" * 17_000}, 413, "payload_too_large"),
    ],
)
def test_a_bad_request_is_named(app: App, body: Any, status: int, code: str) -> None:
    answered, said = app.post("/handovers/redeem", body)
    assert (answered, said["error"]["code"]) == (status, code)


def test_a_buyer_that_is_gone_uses_nothing_up(app: App) -> None:
    token = app.token("custGone")
    assert redeem(app, token)[0] == 404
    assert app.dynamodb.Table(NOTICES.name).scan()["Items"] == []


def test_a_linked_purchase_says_to_which_account(app: App) -> None:
    app.post("/subscribers/custA1/link", {"account": "acct-1"})
    assert redeem(app, app.token())[1]["linkedAccount"] == "acct-1"


def test_no_log_line_holds_it(app: App) -> None:
    token = app.token()
    with log_lines(subscriber_api.logger) as written:
        redeem(app, token)
        redeem(app, token)
        redeem(app, token[:-2])
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["hand-over redeemed", "request refused", "request refused"]
    assert token[:-2] not in written.getvalue() and token.split(".")[2] not in written.getvalue()


@pytest.mark.parametrize("handover_url", [""])
def test_a_stage_without_an_app_has_no_handovers(app: App) -> None:
    status, said = redeem(app, app.token())
    assert (status, said["error"]["code"]) == (404, "not_found")
    assert app.dynamodb.Table(SUBSCRIBERS.name).scan()["Count"] == 1
