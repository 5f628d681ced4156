"""``GET /subscribers/{customerIdentifier}/access`` from API Gateway's event to its answer."""

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from buyer.access_terms import AccessRules
from buyer.handlers import access
from ledger import tables
from runtime.clock import from_iso
from tests.unit.buyer.living.conftest import NOW, Stage
from tests.unit.buyer.living.doors import CUSTOMER, Answer, call


def ask(customer: str = CUSTOMER, headers: dict[str, str] | None = None, **query: str) -> Answer:
    return call(access, "GET", f"/subscribers/{customer}/access", headers=headers, query=query or None)


def test_an_active_customer_may(stage: Stage) -> None:
    stage.subscriber()
    answer = ask(dimension="api_calls")
    assert answer.json == {
        "customerIdentifier": CUSTOMER,
        "dimension": "api_calls",
        "allowed": True,
        "reason": "active",
        "until": "2027-01-01T00:00:00Z",
        "knownAt": "2026-10-03T00:01:00Z",
        "staleAfterSeconds": 86400,
        "whenStale": "refuse",
    }
    assert answer.status == 200
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_key_that_nobody_has_is_an_answer(stage: Stage) -> None:
    answer = ask("l-unheard-of")
    assert (answer.status, answer.json["allowed"], answer.json["reason"]) == (200, False, "unknown_customer")


def test_an_advisory_is_told_and_changes_nothing(stage: Stage) -> None:
    at = "2026-11-15T08:00:00Z"
    stage.subscriber(agreementStanding={"advisory": {"state": "issued", "at": at, "noticeId": "n"}})
    assert (ask().json["allowed"], ask().json["advisedSince"]) == (True, at)


@pytest.mark.parametrize(("left", "age"), [(59, 59), (61, 60), (0.5, 0)])
def test_no_answer_is_kept_longer_than_it_holds(stage: Stage, left: float, age: int) -> None:
    stage.subscriber()
    stage.now = from_iso("2027-01-01T00:00:00Z") - left
    assert ask().headers["cache-control"] == f"private, max-age={age}"


def test_the_same_answer_is_not_sent_again(stage: Stage) -> None:
    stage.subscriber()
    tag = ask().headers["etag"]
    for sent in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        again = ask(headers={"if-none-match": sent})
        assert (again.status, again.body, again.headers["etag"]) == (304, "", tag)
        assert again.headers["cache-control"] == "private, max-age=60"
    stage.subscriber(subscriptionStatus="cancelled")
    changed = ask(headers={"if-none-match": tag})
    assert (changed.status, changed.json["reason"]) == (200, "revoked")


def test_a_renewed_customer_is_answered_by_its_next_key_in_two_reads(stage: Stage) -> None:
    stage.subscriber(subscriptionStatus="cancelled", succeededBy="l-next")
    stage.subscriber(customerIdentifier="l-next")
    answer = ask().json
    assert (answer["allowed"], answer["succeededBy"], answer["decidedBy"]) == (True, "l-next", "l-next")


def test_a_circle_of_keys_ends(stage: Stage) -> None:
    stage.subscriber(subscriptionStatus="cancelled", succeededBy="l-next")
    stage.subscriber(customerIdentifier="l-next", subscriptionStatus="cancelled", succeededBy=CUSTOMER)
    assert ask().json["reason"] == "revoked"


def test_an_ordinary_answer_costs_one_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.subscriber()
    table = stage.dynamodb.Table(tables.SUBSCRIBERS.name)
    reads: list[Any] = []
    get = type(table).get_item

    def noted(self: Any, **request: Any) -> Any:
        reads.append(request)
        return get(self, **request)

    monkeypatch.setattr(type(table), "get_item", noted)
    assert ask().json["allowed"]
    assert [read["Key"] for read in reads] == [{"customerIdentifier": CUSTOMER}]


def test_the_stage_says_what_is_stale(stage: Stage) -> None:
    stage.subscriber(lastNoticeAt=Decimal(int(NOW) - 7200))
    stage.set(ACCESS=AccessRules(stale_after_hours=2, when_stale="allow", cache_seconds=7).to_json())
    answer = ask()
    said = {name: answer.json[name] for name in ("allowed", "reason", "staleAfterSeconds", "whenStale", "doubtedSince")}
    assert said == {
        "allowed": True,
        "reason": "stale",
        "staleAfterSeconds": 7200,
        "whenStale": "allow",
        "doubtedSince": "2026-11-15T06:30:00Z",
    }
    assert answer.headers["cache-control"] == "private, max-age=7"


@pytest.mark.parametrize(
    ("customer", "dimension", "field"), [("a b", "", "customerIdentifier"), (CUSTOMER, "d" * 256, "dimension")]
)
def test_what_is_no_question_is_refused(stage: Stage, customer: str, dimension: str, field: str) -> None:
    answer = ask(customer, dimension=dimension)
    assert (answer.status, answer.json["error"]["details"]["field"]) == (400, field)
    assert answer.headers["cache-control"] == "no-store"


def test_the_longest_name_of_a_dimension_is_a_question(stage: Stage) -> None:
    stage.subscriber()
    assert ask(dimension="d" * 255).json["reason"] == "no_entitlement"


def test_a_store_that_does_not_answer_is_no_refusal(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(*_args: Any, **_more: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "GetItem")

    monkeypatch.setattr(type(stage.dynamodb.Table(tables.SUBSCRIBERS.name)), "get_item", throttled)
    answer = ask()
    assert (answer.status, answer.json["error"]["code"], answer.headers["retry-after"]) == (503, "unavailable", "5")
