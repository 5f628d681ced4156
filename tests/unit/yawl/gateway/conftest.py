"""The function ``engine-gateway`` on a table in memory, with engines in SSM and a Lambda that notes its calls."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.tables import ENGINES
from local.dynamodb.store import MemoryDynamoDB
from runtime import aws, clock
from tests.unit.messages import Context
from tests.unit.yawl.engines import PATH, Parameters, engine, hash_of
from yawl.handlers import engine_gateway

NOW = 1_796_000_000.25
RESOURCE = "/yawl/v1/{engineId}/{secret}"
RECONCILE = "arn:aws:lambda:us-east-1:111122223333:function:reconcile-engine:live"
#: A secret of an engine in ``ENGINES_OF_THE_STAGE``: 256 bits, as ``make engine-secret`` makes them.
SECRET, OLD = "nQv3Yw0kY8m2o0QF0aUuWb3k9J0N4c1y5T6r7E8s9D0", "AAAAAAAA0kY8m2o0QF0aUuWb3k9J0N4c1y5T6r7E8s9"
HASHES = (hash_of(OLD), hash_of(SECRET))
ENGINES_OF_THE_STAGE = (
    engine("eng-7", secret_hashes=HASHES),
    engine("pushes", secret_hashes=HASHES, mode="push-only", address=None, epoch=3),
    engine("silent", secret_hashes=HASHES, mode="log-only"),
)


class Functions:
    """botocore's client of Lambda: the calls that were made."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def invoke(self, **call: Any) -> None:
        self.calls.append(call)


class Door:
    """The function as API Gateway calls it. now: epoch seconds, by the function's clock."""

    def __init__(self, dynamodb: MemoryDynamoDB) -> None:
        self.now = NOW
        self.parameters = Parameters(*ENGINES_OF_THE_STAGE)
        self.functions = Functions()
        self.table = dynamodb.Table(ENGINES.name)

    def client(self, service: str, **_: Any) -> Any:
        return {"ssm": self.parameters, "lambda": self.functions}[service]

    def call(self, method: str, path: str, body: str | None = None, *, is_base64: bool = False) -> dict[str, Any]:
        """The function's answer to one request."""
        event = {
            "resource": RESOURCE,
            "path": path,
            "httpMethod": method,
            "headers": {"Content-type": "application/x-www-form-urlencoded"},
            "multiValueHeaders": {},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "requestContext": {"requestId": "r", "stage": "v1", "path": f"/v1{path}", "httpMethod": method},
            "body": body,
            "isBase64Encoded": is_base64,
        }
        context: Any = Context()
        answer: dict[str, Any] = engine_gateway.handler(json.loads(json.dumps(event)), context)
        return answer

    def post(self, body: str | None, engine_id: str = "eng-7", secret: str = SECRET, **more: Any) -> int:
        """The status of the answer to one announcement."""
        return int(self.call("POST", f"/yawl/v1/{engine_id}/{secret}", body, **more)["statusCode"])

    def items(self, database: str = "eng-7#1") -> dict[str, dict[str, Any]]:
        """What the table holds of an engine's database, by RANGE key."""
        answer = self.table.query(KeyConditionExpression="engine = :e", ExpressionAttributeValues={":e": database})
        return {item["item"]: item for item in answer["Items"]}


@pytest.fixture
def door(dynamodb: MemoryDynamoDB, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A new copy of the function, whose tables are empty."""
    made = Door(dynamodb)
    for name, value in {
        "ENGINES_PATH": PATH,
        "ENGINES_TABLE": ENGINES.name,
        "RECONCILE_FUNCTION": RECONCILE,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws, "client", made.client)
    monkeypatch.setattr(clock, "now", lambda: made.now)
    engine_gateway.gateway.cache_clear()
    yield made
    engine_gateway.gateway.cache_clear()
