"""The usage API from API Gateway's event to its answer: a verdict per event, and never a 5xx."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from runtime.clock import iso
from tests.contracts.stores import Ledger
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context
from tests.unit.usage.conftest import CUSTOMERS, HOUR, NOW, Environment
from usage.handlers import usage as usage_api
from usage.reporters import Reporter

CUSTOMER = CUSTOMERS[0]
Answer = tuple[int, dict[str, Any]]


@pytest.fixture(autouse=True)
def _tables(ledger: Ledger) -> None:
    """Every test has the tables."""


#: an engine on a machine with a role
ENGINE = "arn:aws:sts::111122223333:assumed-role/Engine/i-0123456789"


def call(method: str, path: str, caller: str | None = ENGINE, **event: Any) -> Answer:
    request = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "requestId": "r",
            "stage": "test",
            "path": path,
            "httpMethod": method,
            "identity": {"userArn": caller},
        },
        "body": None,
        "isBase64Encoded": False,
    } | event
    context: Any = Context()
    answer = usage_api.handler(json.loads(json.dumps(request)), context)
    assert "application/json" in str(answer["multiValueHeaders"]["Content-Type"])
    return answer["statusCode"], json.loads(answer["body"])


def post(body: Any, **event: Any) -> Answer:
    return call("POST", "/usage", body=body if isinstance(body, str) or body is None else json.dumps(body), **event)


def get(customer: str = CUSTOMER, caller: str = ENGINE, **query: str) -> Answer:
    return call("GET", f"/subscribers/{quote(customer)}/usage", caller, queryStringParameters=query or None)


def usage(event_id: str = "e", **changes: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "source": "test",
        "customerIdentifier": CUSTOMER,
        "dimension": "executions",
        "quantity": 2.5,
        "occurredAt": NOW,
    } | changes


def error(answer: Answer) -> tuple[int, str]:
    status, body = answer
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["message"]
    assert "Traceback" not in str(body)
    return status, body["error"]["code"]


# --- POST /usage ------------------------------------------------------------------------------------------------------


def test_a_verdict_for_each_event_in_their_order() -> None:
    user = usage("b", dimension="users", user="ann")
    del user["quantity"]
    status, body = post({"events": [usage("a"), user, usage("a"), usage("c", quantity=-1), 7]})
    assert status == 200
    hour = {"hour": "2026-11-15T08:00:00Z", "late": False}
    verdicts = body["verdicts"]
    assert verdicts[:3] == [
        {"id": "a", "verdict": "recorded", **hour, "counted": "2.5"},
        {"id": "b", "verdict": "recorded", **hour, "counted": "1"},
        {"id": "a", "verdict": "duplicate", **hour},
    ]
    assert [(v["id"], v["verdict"], v["reason"]) for v in verdicts[3:]] == [
        ("c", "refused", "bad_quantity"),
        (None, "refused", "bad_event"),
    ]


def test_numbers_are_read_exactly(ledger: Ledger) -> None:
    post({"events": [usage("a", quantity=0.1), usage("b", quantity=0.2)]})
    assert str(ledger.record(CUSTOMER, HOUR).counted["executions", "2026-11"]) == "0.3"


@pytest.mark.parametrize("content_type", ["application/json", "APPLICATION/JSON; charset=utf-8"])
@pytest.mark.parametrize("header", ["content-type", "Content-Type", "CONTENT-TYPE"])
def test_the_content_type_in_any_writing(header: str, content_type: str) -> None:
    assert post({"events": [usage()]}, headers={header: content_type})[0] == 200


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {"Accept": "*/*"}, {}, None])
def test_another_content_type(headers: dict[str, str] | None) -> None:
    assert error(post({"events": [usage()]}, headers=headers)) == (415, "unsupported_media_type")


def test_a_base64_body() -> None:
    body = base64.b64encode(json.dumps({"events": [usage("ü".encode().hex())]}).encode()).decode()
    assert post(body, isBase64Encoded=True)[1]["verdicts"][0]["verdict"] == "recorded"


@pytest.mark.parametrize(
    "body", ["%%%", "abc", base64.b64encode(b"\xff\xfe").decode(), base64.b64encode(b"{").decode(), ""]
)
def test_a_base64_body_that_is_none(body: str) -> None:
    assert error(post(body, isBase64Encoded=True)) == (400, "bad_json")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, (400, "bad_json")),
        ("", (400, "bad_json")),
        ("{", (400, "bad_json")),
        ("[" * 50_000, (400, "bad_json")),
        ('{"events": ' + "[" * 50_000 + "]" * 50_000 + "}", (400, "bad_json")),
        ("[]", (400, "bad_request")),
        ("null", (400, "bad_request")),
        ('"events"', (400, "bad_request")),
        ('{"events": {}}', (400, "bad_request")),
        ('{"event": []}', (400, "bad_request")),
        ('{"events": []}', (400, "no_events")),
        (json.dumps({"events": [{}] * 101}), (400, "too_many_events")),
        (json.dumps({"events": ["x" * 1_000_000]}), (413, "payload_too_large")),
        (json.dumps({"events": [{"tags": {"t": "x" * 300_000}}]}), (413, "payload_too_large")),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_request_that_cannot_be_read(body: str | None, expected: tuple[int, str]) -> None:
    assert error(post(body)) == expected


@pytest.mark.parametrize("depth", range(880, 1000, 4))
def test_no_depth_of_nesting_is_an_error_of_ours(depth: int) -> None:
    """Somewhere here the reader just still takes it, and whatever looks deeper would not."""
    body = json.dumps({"events": [usage("a", dimension="X"), usage("b")]}).replace('"X"', "[" * depth + "]" * depth)
    status, answer = post(body)
    if status == 200:
        assert [v.get("reason") for v in answer["verdicts"]] == ["unknown_dimension", None]
    else:
        assert error((status, answer)) == (400, "bad_json")


@pytest.mark.parametrize("half", ["\ud800", "\udfff"])
def test_half_a_surrogate_pair_costs_only_its_event(half: str) -> None:
    """JSON can carry it, UTF-8 cannot; raw in the body and escaped."""
    events = [usage("a", source=half), usage(half), usage("b", dimension="users", user=half, quantity=1), usage("c")]
    for body in (json.dumps({"events": events}), json.dumps({"events": events}, ensure_ascii=False)):
        status, answer = post(body)
        assert status == 200
        assert [v.get("reason") for v in answer["verdicts"]] == ["bad_event", "bad_id", "bad_event", None]


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e99999999999999999999", "9" * 5000]
)
def test_an_impossible_number_costs_only_its_event(number: str) -> None:
    body = json.dumps({"events": [usage("a", quantity="X"), usage("b")]}).replace('"X"', number)
    status, answer = post(body)
    assert (status, [v.get("reason") for v in answer["verdicts"]]) == (200, ["bad_quantity", None])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59Z"])
def test_an_impossible_time_costs_only_its_event(moment: str) -> None:
    status, answer = post({"events": [usage("a", occurredAt=moment), usage("b")]})
    assert (status, [v["verdict"] for v in answer["verdicts"]]) == (200, ["refused", "recorded"])


def test_a_void_is_one_of_the_events() -> None:
    void = {"void": "a", "customerIdentifier": CUSTOMER, "source": "people"}
    status, body = post({"events": [usage("a"), void, void, usage("a"), {**void, "void": 7}, {**void, "void": "x"}]})
    hour = {"hour": "2026-11-15T08:00:00Z", "late": False}
    assert status == 200
    assert body["verdicts"][:3] == [
        {"id": "a", "verdict": "recorded", **hour, "counted": "2.5"},
        {"id": "a", "verdict": "voided", **hour, "counted": "2.5"},
        {"id": "a", "verdict": "duplicate", **hour},
    ]
    assert [(v["id"], v["reason"]) for v in body["verdicts"][3:]] == [
        *[("a", "voided"), (None, "bad_id"), ("x", "unknown_event")]
    ]


def test_what_is_taken_back_is_counted_and_told_as_less(capsys: pytest.CaptureFixture[str]) -> None:
    with log_lines(usage_api.logger) as written:
        post({"events": [usage("a"), {"void": "a", "customerIdentifier": CUSTOMER, "source": "people"}]})
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [line["EventsVoided"] for line in counted] == [[1]]
    told = [json.loads(line) for line in written.getvalue().splitlines()][-1]
    assert told["verdict"] == "voided"
    assert (told["customer"], told["dimension"], told["quantity"]) == (CUSTOMER, "executions", "-2.5")


# --- who may ----------------------------------------------------------------------------------------------------------

OTHER_ENGINE = "arn:aws:sts::111122223333:assumed-role/Other/i-1"


@pytest.fixture
def _reporters(environment: Environment) -> None:
    """The engine may report executions of the customer, from one source."""
    role = "arn:aws:iam::111122223333:role/engines/Engine"
    entry = Reporter(principal=role, customers=(CUSTOMER,), dimensions=("executions",), sources=("test",))
    other = Reporter(principal="arn:aws:iam::111122223333:role/Other", customers=("another",))
    environment.set_reporters(entry, other)


@pytest.mark.usefixtures("_reporters")
@pytest.mark.parametrize("caller", [None, "arn:aws:iam::111122223333:user/Engine", ENGINE.replace("Engine", "Nobody")])
def test_who_is_no_reporter_reports_nothing(caller: str | None, ledger: Ledger) -> None:
    assert error(post({"events": [usage()]}, caller=caller)) == (403, "not_yours")
    assert error(post("no JSON", caller=caller)) == (403, "not_yours"), "and learns nothing else"
    assert ledger.records.get(CUSTOMER, HOUR) is None


@pytest.mark.usefixtures("_reporters")
def test_what_is_not_the_reporters_is_refused_by_itself() -> None:
    void = {"void": "a", "customerIdentifier": CUSTOMER, "source": "test"}
    events = [
        usage("a"),
        usage("b", customerIdentifier="another"),
        usage("c", dimension="users", user="ann", quantity=1),
        usage("d", source="another"),
        {**void, "source": "another"},
        {**void, "customerIdentifier": "another"},
        void,
    ]
    status, body = post({"events": events})
    assert status == 200
    assert [v.get("reason", v["verdict"]) for v in body["verdicts"]] == ["recorded", *["not_yours"] * 5, "voided"]


@pytest.mark.usefixtures("_reporters")
def test_who_reports_others_reads_others() -> None:
    assert get()[0] == 200
    assert error(get(caller=OTHER_ENGINE)) == (403, "not_yours")
    assert error(get("nobody", caller=OTHER_ENGINE)) == (403, "not_yours"), "nor whether there is such a customer"
    assert get(caller=ENGINE.replace("Engine", "Operator"))[0] == 200, "IAM has let an operator in"


def test_verdicts_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    post({"events": [usage("a"), usage("b"), usage("a"), usage("c", quantity=-1), usage("d", customerIdentifier="no")]})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    counted = {name: line[name] for line in lines for name in line if name.startswith("Events")}
    assert counted == {"EventsRecorded": [2], "EventsDuplicate": [1], "EventsRefused": [1], "EventsRetryLater": [1]}


def test_a_log_line_tells_the_decision_and_names_no_user(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = {"user": "ann@example.com", "quantity": 1}
    post({"events": [usage("a", dimension="users", **ann), usage("b", **ann), usage("c", **ann)]})
    told = [vars(record) for record in caplog.records]
    assert [(line["dimension"], line["quantity"], line["verdict"]) for line in told] == [
        ("users", "1", "recorded"),
        ("executions", "2", "recorded"),
    ]
    assert {(line["customer"], line["hour"]) for line in told} == {(CUSTOMER, "2026-11-15T08:00:00Z")}
    assert "ann@example.com" not in str(told) + capsys.readouterr().out


# --- GET /subscribers/{customerIdentifier}/usage ----------------------------------------------------------------------


def test_usage_is_shown_hour_by_hour(ledger: Ledger) -> None:
    post({"events": [usage("a"), usage("b", occurredAt="2026-11-15T07:50:00Z"), usage("c", quantity=1)]})
    status, body = get()
    assert status == 200
    assert (body["customerIdentifier"], body["from"], body["to"]) == (
        CUSTOMER,
        "2026-11-14T08:00:00Z",
        "2026-11-15T09:00:00Z",
    )
    assert [(hour["hour"], hour["state"], hour["usage"][0]["counted"]) for hour in body["hours"]] == [
        ("2026-11-15T07:00:00Z", "open", "2.5"),
        ("2026-11-15T08:00:00Z", "open", "3.5"),
    ]
    assert "next" not in body


def test_a_settled_hour_shows_what_became_of_it(ledger: Ledger) -> None:
    record = ledger.sealed(["executions", "users"], customer=CUSTOMER, hour=HOUR)
    ledger.settlement.settle(record, "executions", "billed", now=HOUR, metering_record_id="id-1")
    [hour] = get()[1]["hours"]
    assert hour["state"] == "sealed"
    assert hour["lines"][0] == {
        "dimension": "executions",
        "quantity": "2",
        "included": "0",
        "scale": 1,
        "verdict": "billed",
        "meteringRecordId": "id-1",
    }
    assert hour["lines"][1]["verdict"] == "pending"
    ledger.settlement.settle(record, "users", "conflict", now=HOUR, detail="why")
    [hour] = get()[1]["hours"]
    assert (hour["state"], hour["lines"][1]["detail"], hour["lines"][1]["unconfirmed"]) == ("settled", "why", True)
    assert "unconfirmed" not in hour["lines"][0]


def hours_of_usage(ledger: Ledger, number: int) -> None:
    with ledger.record_items.batch_writer() as batch:
        for n in range(number):
            item = {"customerIdentifier": CUSTOMER, "timestamp": HOUR - n * 3600, "state": "open", "version": 1}
            batch.put_item(Item=item)


@pytest.mark.parametrize(("number", "pages"), [(99, [99]), (100, [100]), (101, [100, 1]), (230, [100, 100, 30])])
def test_pages_show_every_hour_once(ledger: Ledger, number: int, pages: list[int]) -> None:
    hours_of_usage(ledger, number)
    query = {"from": iso(HOUR - (number - 1) * 3600), "to": iso(HOUR)}
    found: list[list[str]] = []
    while True:
        status, body = get(**query)
        assert status == 200
        found.append([hour["hour"] for hour in body["hours"]])
        if "next" not in body:
            break
        query["from"] = body["next"]
    assert [len(page) for page in found] == pages
    shown = [hour for page in found for hour in page]
    assert shown == sorted(shown)
    assert len(set(shown)) == number


def test_from_and_to_take_in_their_hours(ledger: Ledger) -> None:
    hours_of_usage(ledger, 5)
    status, body = get(**{"from": "2026-11-15T06:59:59Z", "to": "2026-11-15T07:00:00+00:00"})
    assert (status, [hour["hour"][11:13] for hour in body["hours"]]) == (200, ["06", "07"])


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "value",
    [
        *["", "yesterday", "2026-11-15", "2026-11-15T08:00:00", "1795000000", "\ud800", "x" * 9000],
        *["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"],
    ],
)
def test_a_time_that_is_none(name: str, value: str) -> None:
    assert error(get(**{name: value})) == (400, "bad_request")


def test_to_before_from() -> None:
    assert error(get(**{"from": "2026-11-15T08:00:00Z", "to": "2026-11-15T07:59:59Z"})) == (400, "bad_request")


@pytest.mark.parametrize("customer", ["nobody", "../x"])
def test_an_unknown_customer_is_not_found(customer: str) -> None:
    assert error(get(customer)) == (404, "not_found")


@pytest.mark.parametrize("customer", ["a:b", "x" * 129, "a b", "ü", "a%2Fb", "a|b"])
def test_what_cannot_be_a_customer_is_a_bad_request(customer: str) -> None:
    assert error(get(customer)) == (400, "bad_request")


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/x"), ("DELETE", "/x")])
def test_an_unknown_address_is_not_found(method: str, path: str) -> None:
    assert error(call(method, path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/usage"), ("DELETE", "/usage"), ("POST", f"/subscribers/{CUSTOMER}/usage")]
)
def test_another_method_is_not_allowed(method: str, path: str) -> None:
    assert error(call(method, path)) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("code", "expected"),
    [("ThrottlingException", (503, "unavailable")), ("ValidationException", (500, "internal_error"))],
)
def test_a_store_that_does_not_answer_is_to_be_asked_again(
    monkeypatch: pytest.MonkeyPatch, code: str, expected: tuple[int, str]
) -> None:
    def refuse(*_request: Any, **_options: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetItem")

    with monkeypatch.context() as broken:
        broken.setattr(usage_api.stores().subscribers, "get", refuse)
        assert error(post({"events": [usage()]})) == expected
        assert error(get()) == expected
    assert post({"events": [usage()]})[1]["verdicts"][0]["verdict"] == "recorded"


def test_the_answer_and_the_event_have_the_id_of_the_requests_trace(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root=1-5759e988-bd862e3fe1be46a99427279{number};Sampled=0")
        _, answer = post({"events": [usage()]})
        assert answer["traceId"] == f"1-5759e988-bd862e3fe1be46a99427279{number}"
    item = ledger.event_items.get_item(Key={"customerIdentifier": CUSTOMER, "eventId": "event#e"})["Item"]
    assert item["traceId"] == "1-5759e988-bd862e3fe1be46a994272791", "the one that recorded it, and no repeat's"
