"""Requests of API Gateway for the functions ``access``, ``buyer-usage`` and ``usage-page``."""

import json
from types import ModuleType
from typing import Any, NamedTuple, cast

from tests.unit.messages import Context

CUSTOMER = "l-0123456789"


class Answer(NamedTuple):
    """A function's answer. headers: by lower-case name."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    function: ModuleType,
    method: str,
    path: str,
    *,
    resource: str = "",
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    context: dict[str, Any] | None = None,
) -> Answer:
    request = {
        "resource": resource or path,
        "path": path,
        "httpMethod": method,
        "headers": headers or {},
        "multiValueHeaders": {},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "requestId": "r",
            "stage": "v1",
            "path": f"/v1{path}",
            "httpMethod": method,
            "domainName": "api.example.com",
            "identity": {"userArn": "arn:aws:sts::111122223333:assumed-role/App/i-1"},
            **(context or {}),
        },
        "body": None,
        "isBase64Encoded": False,
    }
    answer = function.handler(json.loads(json.dumps(request)), cast(Any, Context()))
    sent = {name.lower(): ", ".join(values) for name, values in answer["multiValueHeaders"].items()}
    return Answer(answer["statusCode"], sent, answer["body"] or "")
