"""A buyer's usage: links, the page, the CSV and the JSON."""

import csv
import io
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from buyer.handlers import buyer_usage, usage_page
from ledger import tables
from runtime.clock import from_iso
from tests.unit.buyer.living.conftest import NOW, Stage
from tests.unit.buyer.living.doors import CUSTOMER, Answer, call
from tests.unit.log_lines import log_lines

HTML = {"accept": "text/html", "accept-language": "en"}


def make(customer: str = CUSTOMER) -> Answer:
    return call(buyer_usage, "POST", f"/subscribers/{customer}/usage-link")


def revoke(customer: str = CUSTOMER) -> Answer:
    return call(buyer_usage, "DELETE", f"/subscribers/{customer}/usage-link")


def link() -> str:
    return str(make().json["url"]).rpartition("/")[2]


def show(text: str, method: str = "GET", headers: dict[str, str] | None = None, **query: str) -> Answer:
    path = f"/usage-page/{text}"
    return call(usage_page, method, path, resource="/usage-page/{link}", headers=headers or HTML, query=query or None)


def summary() -> Any:
    return call(buyer_usage, "GET", f"/subscribers/{CUSTOMER}/usage-summary").json


@pytest.fixture
def used(stage: Stage) -> Stage:
    """In October 3,500 calls of which 2,000 were included; in November 1,400 sealed ones, and 700 in the open hour."""
    stage.subscriber()
    stage.hour("2026-10-20T10:00:00Z", 3500, quantity=1, included=2000)
    stage.hour("2026-11-14T10:00:00Z", 1400, quantity=0, included=1400)
    stage.hour("2026-11-15T08:00:00Z", 700)
    stage.put(
        tables.STATE,
        item="balance",
        version=1,
        **{"used#api_calls#2026-11": Decimal(1400), "remainder#api_calls": Decimal(950)},
    )
    return stage


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_link_names_the_page_and_its_end(stage: Stage) -> None:
    stage.subscriber()
    made = make().json
    assert re.fullmatch(r"https://api\.example\.com/v1/usage-page/[\w.-]+", made["url"])
    assert made["expiresAt"] == "2026-11-15T09:30:00Z"


def test_behind_a_domain_of_its_own_the_address_has_no_stage(stage: Stage) -> None:
    stage.subscriber()
    path = f"/subscribers/{CUSTOMER}/usage-link"
    answer = call(buyer_usage, "POST", path, context={"path": path, "domainName": "metering.vendor.com"})
    assert answer.json["url"].startswith("https://metering.vendor.com/usage-page/")


def test_a_link_works_to_its_last_second(stage: Stage) -> None:
    stage.subscriber()
    text = link()
    stage.now = NOW + 3599
    assert show(text).status == 200
    stage.now = NOW + 3600
    answer = show(text)
    assert answer.status == 410
    assert "has expired" in answer.body
    assert "expired_link" in answer.body


def test_revoking_ends_all_links_and_later_ones_work(stage: Stage) -> None:
    stage.subscriber()
    one, other = link(), link()
    assert show(one).status == 200
    assert (revoke().status, revoke().body) == (204, "")
    for text in (one, other):
        assert (show(text).status, "revoked_link" in show(text).body) == (410, True)
    assert show(link()).status == 200


def test_a_link_of_a_customer_that_is_gone_is_revoked(stage: Stage) -> None:
    stage.subscriber()
    text = link()
    stage.dynamodb.Table(tables.SUBSCRIBERS.name).delete_item(Key={"customerIdentifier": CUSTOMER})
    assert show(text).status == 410


@pytest.mark.parametrize("text", ["x", "a.b", "W10.aaaa", "a" * 1025, "%C3%A4"])
def test_what_is_no_link_is_refused(stage: Stage, text: str) -> None:
    stage.subscriber()
    answer = show(text)
    assert (answer.status, "invalid_link" in answer.body) == (404, True)


@pytest.mark.parametrize("change", ["signature", "content"])
def test_a_changed_link_is_refused(stage: Stage, change: str) -> None:
    stage.subscriber()
    content, _, signature = link().rpartition(".")
    if change == "content":
        content = content[:-1] + ("A" if content[-1] != "A" else "B")
    else:
        signature = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert show(f"{content}.{signature}").status == 404


def test_a_session_of_the_registration_is_no_link(stage: Stage) -> None:
    """Each use of a key has a salt of its own, even where two secrets held the same value."""
    from buyer.registration.session import _signer

    stage.subscriber()
    session = _signer((stage.secret.labels["AWSCURRENT"],)).dumps([CUSTOMER, 0, int(NOW) + 60])
    assert show(str(session)).status == 404


def test_a_link_outlives_one_rotation_of_the_secret(stage: Stage) -> None:
    stage.subscriber()
    text = link()
    stage.secret.rotate("second-" + "k" * 57)
    stage.set()
    assert show(text).status == 200
    stage.secret.rotate("third-" + "k" * 58)
    stage.set()
    assert show(text).status == 404


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_stage_without_the_page_makes_no_links(stage: Stage, method: str) -> None:
    stage.subscriber()
    stage.set(USAGE_PAGE="", USAGE_PAGE_SECRET_ARN="")
    answer = call(buyer_usage, method, f"/subscribers/{CUSTOMER}/usage-link")
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")
    assert summary()["customerIdentifier"] == CUSTOMER


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(("customer", "status"), [("l-unheard-of", 404), ("a b", 400)])
def test_links_are_of_customers(stage: Stage, method: str, customer: str, status: int) -> None:
    assert call(buyer_usage, method, f"/subscribers/{customer}/usage-link").status == status


def test_no_link_is_logged(used: Stage) -> None:
    with log_lines(usage_page.logger) as written:
        text = link()
        show(text)
        show(text, format="csv")
        show(text + "x")
        used.now = NOW + 3600
        show(text)
        revoke()
    said = written.getvalue()
    assert [json.loads(line)["message"] for line in said.splitlines()] == [
        "usage link made",
        "usage shown",
        "usage shown",
        "request refused",
        "request refused",
        "usage links revoked",
    ]
    assert text not in said
    assert text.partition(".")[0] not in said
    assert "ada@example.com" not in said


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_month_against_what_is_included(used: Stage) -> None:
    answer = show(link())
    body = answer.body
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "2,100 used; 2,000 are included, so that is 105 %" in body
    assert '<rect class="over" width="105" height="8"/>' in body
    # 600 of the open hour are included still; 100 more and 950 that were left over make a billed unit.
    assert "Billed so far: 1 units of 1,000 each, at USD 0.40 a unit: USD 0.40." in body
    assert '<p class="quiet">Order Flow</p>' in body
    assert "USD 0.40 so far" in body
    assert "0 used, all of it included" in body  # Seats, of which the tier includes any number.
    assert "without private offers" in body
    assert "October 2026" in body
    assert "3,500" in body


@pytest.mark.parametrize(
    ("counted", "kind", "said"),
    [
        (1599, "fill", "1,599 of 2,000 included (79 %)"),
        (1600, "near", "1,600 of 2,000 included (80 %)"),
        (2000, "near", "2,000 of 2,000 included (100 %)"),
        (2020, "over", "so that is 101 %"),
        (9000, "over", "so that is 450 %"),
    ],
)
def test_a_bar_changes_where_its_marks_stand(stage: Stage, counted: int, kind: str, said: str) -> None:
    stage.subscriber()
    stage.hour("2026-11-15T08:00:00Z", counted)
    body = show(link()).body
    assert said in body
    width = min(counted * 100 // 2000, 125)
    assert f'<rect class="{kind}" width="{width}" height="8"/>' in body


def test_a_reader_of_german_gets_german(used: Stage) -> None:
    text = link()
    german = show(text, headers=HTML | {"accept-language": "de-AT,de;q=0.9"})
    assert '<html lang="de">' in german.body
    assert "2.100 genutzt; enthalten sind 2.000, das sind 105 %" in german.body
    assert "USD 0,40" in german.body
    assert "Oktober 2026" in german.body
    assert show(text, language="de").body == german.body
    assert show(text, language="fr").body == show(text).body


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    ("facts", "en", "de"),
    [
        ({}, "agreed until <time", "vereinbart"),
        ({"freeTrial": True}, "free trial is active", "Testphase"),
        ({"subscriptionStatus": "pending"}, "not confirmed your subscription yet", "noch nicht bestätigt"),
        ({"subscriptionStatus": "failed"}, "could not start", "konnte Ihr Abonnement nicht beginnen"),
        (
            {"subscriptionStatus": "pending_cancellation", "acceptsUntil": int(NOW) + 60},
            "has ended. Usage is counted until <time",
            "Nutzung wird bis <time",
        ),
        ({"subscriptionStatus": "final_metering"}, "last hours are being billed", "letzten Stunden"),
        ({"subscriptionStatus": "cancelled"}, "has been settled", "vollständig abgerechnet"),
        ({"subscriptionStatus": "expired"}, "includes nothing at the moment", "enthält zurzeit nichts"),
        ({"lastNoticeAt": Decimal(int(NOW) - 100_000)}, "waiting for news", "warten auf Nachricht"),
        ({"lastNoticeAt": Decimal(int(NOW) - 10)}, "Your subscription is active.</p>", "Abonnement ist aktiv.</p>"),
        ({"succeededBy": "l-next"}, "under the customer number l-next", "unter der Kundennummer l-next"),
    ],
)
def test_each_state_has_its_sentence(stage: Stage, facts: dict[str, Any], en: str, de: str, language: str) -> None:
    stage.subscriber(**facts)
    assert {"en": en, "de": de}[language] in show(link(), language=language).body


def test_a_page_holds_no_contact_data_and_nothing_that_runs(used: Stage) -> None:
    body = show(link()).body
    assert "ada@example.com" not in body
    assert "Analytical Engines" not in body
    assert not re.search(r"<script|<form|<iframe|<img|\sstyle=|\son[a-z]+=", body)


def test_only_the_vendors_app_may_frame_the_page(stage: Stage) -> None:
    stage.subscriber()
    headers = show(link()).headers
    assert "frame-ancestors https://app.example.com" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "x-frame-options" not in headers
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    stage.set(USAGE_PAGE='{"link_hours":1,"embed_in":[],"history":3}')
    headers = show(link()).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


def test_head_is_the_page_without_it(stage: Stage) -> None:
    stage.subscriber()
    answer = show(link(), "HEAD")
    assert (answer.status, answer.body) == (200, "")


def test_a_program_gets_an_error_as_json(stage: Stage) -> None:
    answer = show("x", headers={"accept": "text/csv"})
    assert answer.json["error"]["code"] == "invalid_link"


def test_a_store_that_does_not_answer_is_a_page(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.subscriber()
    text = link()

    def throttled(*_args: Any, **_more: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "Query")

    monkeypatch.setattr(type(stage.dynamodb.Table(tables.METERING_RECORDS.name)), "query", throttled)
    answer = show(text)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "Load this page again" in answer.body


# --- the numbers ------------------------------------------------------------------------------------------------------


def test_the_summary_is_the_pages(used: Stage) -> None:
    found = summary()
    assert found["status"] == {"reason": "active", "until": "2027-01-01T00:00:00Z"}
    assert found["product"] == {"code": "prod-1", "title": "Order Flow"}
    november, october = found["months"]
    assert november == {
        "month": "2026-11",
        "finished": False,
        "amountAtListPrice": "0.4",
        "dimensions": [
            {
                "dimension": "api_calls",
                "unit": "call",
                "recorded": "2100",
                "included": "2000",
                "billable": "1",
                "unitsPerBillable": 1000,
                "allowance": "2000",
                "percent": 105,
                "listPrice": "0.4",
                "amountAtListPrice": "0.4",
            },
            {
                "dimension": "seats",
                "unit": "user",
                "recorded": "0",
                "included": "0",
                "billable": "0",
                "unitsPerBillable": 1,
                "allowance": "unlimited",
            },
        ],
    }
    assert (october["month"], october["finished"], october["amountAtListPrice"]) == ("2026-10", True, "0.4")
    assert [use["recorded"] for use in october["dimensions"]] == ["3500"]
    assert found["hours"][0] == {"hour": "2026-11-15T08:00:00Z", "state": "open", "recorded": {"api_calls": "700"}}
    assert [hour["state"] for hour in found["hours"]] == ["open", "sealed", "sealed"]


def test_the_file_has_a_row_for_each_month_and_dimension(used: Stage) -> None:
    answer = show(link(), format="csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="usage-{CUSTOMER}-2026-11.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body)))
    assert [(row["month"], row["dimension"], row["recorded"]) for row in rows] == [
        ("2026-11", "api_calls", "2100"),
        ("2026-11", "seats", "0"),
        ("2026-10", "api_calls", "3500"),
    ]
    assert (rows[0]["amountAtListPrice"], rows[0]["currency"]) == ("0.4", "USD")
    assert (rows[1]["listPrice"], rows[1]["currency"]) == ("", "")


def test_a_product_that_is_not_sold_any_more_has_no_summary(stage: Stage) -> None:
    stage.subscriber(productCode="another")
    assert show(link()).status == 404


@pytest.mark.parametrize(("history", "months"), [(0, ["2026-11"]), (12, ["2026-11", "2026-10"])])
def test_no_month_before_the_activation_is_read(stage: Stage, history: int, months: list[str]) -> None:
    stage.subscriber()
    stage.set(USAGE_PAGE=f'{{"link_hours":1,"embed_in":[],"history":{history}}}')
    assert [month["month"] for month in summary()["months"]] == months


def test_a_year_of_history_is_the_most(stage: Stage) -> None:
    stage.subscriber(activePeriods=[{"start": 0}])
    stage.set(USAGE_PAGE='{"link_hours":1,"embed_in":[],"history":12}')
    names = [month["month"] for month in summary()["months"]]
    assert (len(names), names[0], names[11], names[12]) == (13, "2026-11", "2025-12", "2025-11")


@pytest.mark.parametrize(("verdict", "billable"), [("billed", "1"), ("not_sent", "0"), ("conflict", "1"), (None, "1")])
def test_what_is_billed_counts_what_is_on_its_way(stage: Stage, verdict: str | None, billable: str) -> None:
    stage.subscriber()
    said = {} if verdict is None else {"verdict": verdict, "rank": 2, "at": Decimal(1)}
    more: dict[str, Any] = {"verdict#api_calls": said}
    stage.hour("2026-10-20T10:00:00Z", 1000, quantity=1, **more)
    october = summary()["months"][1]
    assert october["dimensions"][0]["billable"] == billable
    assert october["finished"] is (verdict in ("billed", "not_sent"))


def test_usage_of_an_hour_that_has_not_begun_is_no_last_hour(stage: Stage) -> None:
    stage.subscriber()
    stage.hour("2026-11-15T09:00:00Z", 5)
    assert summary()["hours"] == []
    assert summary()["months"][0]["dimensions"][0]["recorded"] == "5"


def test_the_last_day_of_hours_is_shown_over_a_months_beginning(stage: Stage) -> None:
    stage.subscriber()
    stage.now = from_iso("2026-11-01T02:30:00Z")
    for hour in range(24):
        stage.hour(f"2026-10-31T{hour:02d}:00:00Z", 1, quantity=0)
    stage.hour("2026-11-01T01:00:00Z", 1)
    hours = [each["hour"] for each in summary()["hours"]]
    assert (len(hours), hours[0], hours[-1]) == (24, "2026-11-01T01:00:00Z", "2026-10-31T01:00:00Z")
