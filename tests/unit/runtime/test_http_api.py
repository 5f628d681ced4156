"""Every function behind the API answers the same error alike."""

import json
from typing import Any, cast

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response

from runtime.api_error import ApiError, bad_request
from runtime.http_api import HEADERS, HttpApi, json_answer
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context


class BusyStore(Exception):
    """Stands for the error of a store that others write to."""


ERRORS: dict[str, Exception] = {
    "field": bad_request("No.", "name", longest=3),
    "cause": ApiError(503, "marketplace_busy", "Later.", cause={"fault": "ThrottlingException"}),
    "busy": BusyStore("secret"),
    "unreachable": ConnectionError("secret"),
    "bug": ValueError("secret"),
}
Answer = tuple[int, dict[str, Any], dict[str, str]]


class Routes:
    """An API with one route for each error, and the codes that it has counted."""

    def __init__(self) -> None:
        self.counted: list[str] = []
        self.logger = Logger(service="routes")
        self.api = HttpApi(
            self.logger,
            busy=(BusyStore,),
            is_unavailable=lambda error: isinstance(error, ConnectionError),
            count_refusal=lambda error: self.counted.append(error.code),
        )
        self.api.get("/fine")(lambda: json_answer(200, {"fine": True}))
        self.api.post("/fine")(lambda: json_answer(200, {"fine": True}))
        self.api.get("/errors/<name>")(self._fail)

    def call(self, path: str, method: str = "GET") -> Answer:
        request = {"httpMethod": method, "path": path, "headers": {}, "requestContext": {"stage": "v1"}}
        answer = self.api.resolve(request, cast(Any, Context()))
        headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return answer["statusCode"], json.loads(answer["body"]), headers

    def _fail(self, name: str) -> Response[str]:
        raise ERRORS[name]


@pytest.fixture
def routes() -> Routes:
    return Routes()


@pytest.mark.parametrize(
    ("path", "method", "status", "code", "headers"),
    [
        ("/errors/field", "GET", 400, "bad_request", {}),
        ("/errors/cause", "GET", 503, "marketplace_busy", {}),
        ("/errors/busy", "GET", 503, "busy", {"Retry-After": "1"}),
        ("/errors/unreachable", "GET", 503, "unavailable", {"Retry-After": "5"}),
        ("/errors/bug", "GET", 500, "internal_error", {"Retry-After": "5"}),
        ("/nowhere", "GET", 404, "not_found", {}),
        ("/fine", "DELETE", 405, "method_not_allowed", {"Allow": "GET, POST"}),
        ("/errors/field", "POST", 405, "method_not_allowed", {"Allow": "GET"}),
    ],
)
def test_an_error_has_its_status_its_code_and_its_headers(
    routes: Routes, path: str, method: str, status: int, code: str, headers: dict[str, str]
) -> None:
    answered, body, given = routes.call(path, method)
    assert (answered, body["error"]["code"]) == (status, code)
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["message"].endswith(".")
    assert given == {**HEADERS, **headers, "Content-Type": "application/json"}


def test_an_answer_has_the_same_headers(routes: Routes) -> None:
    assert routes.call("/fine") == (200, {"fine": True}, {**HEADERS, "Content-Type": "application/json"})


def test_details_name_the_field(routes: Routes) -> None:
    assert routes.call("/errors/field")[1]["error"]["details"] == {"field": "name", "longest": 3}


def test_refusals_are_logged_and_counted_and_unknown_addresses_are_not(routes: Routes) -> None:
    with log_lines(routes.logger) as written:
        for path in ("/errors/field", "/errors/cause", "/errors/bug", "/nowhere"):
            routes.call(path)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["level"], line["message"], line["status"], line["code"]) for line in lines] == [
        ("INFO", "request refused", 400, "bad_request"),
        ("WARNING", "request refused", 503, "marketplace_busy"),
        ("ERROR", "request failed", 500, "internal_error"),
    ]
    assert (lines[0]["field"], lines[1]["fault"], lines[2]["error"]) == ("name", "ThrottlingException", "ValueError")
    assert routes.counted == ["bad_request", "marketplace_busy", "internal_error"]


def test_neither_the_answer_nor_the_log_quotes_an_unexpected_error(routes: Routes) -> None:
    with log_lines(routes.logger) as written:
        answers = [routes.call(f"/errors/{name}")[1] for name in ("busy", "unreachable", "bug")]
    assert "secret" not in written.getvalue() + json.dumps(answers)
