"""The function ``subscriber-api`` of a stage with an app, on tables in memory."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from buyer.handlers import subscriber_api
from buyer.handover.token import Handovers
from buyer.signing_keys import SigningKeys
from ledger.tables import AUDIT, NOTICES, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from runtime import clock
from tests.products import sold
from tests.unit.buyer.registration.secret import Secret
from tests.unit.messages import PRODUCT, T0, Context

WHO = "arn:aws:sts::111122223333:assumed-role/App/i-0"
URL = "https://app.vendor.com/sign-in"


@dataclass
class App:
    """The vendor's app, which IAM lets in."""

    dynamodb: MemoryDynamoDB
    handovers: Handovers

    def post(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        event = {
            "httpMethod": "POST",
            "path": path,
            "headers": {},
            "body": body if isinstance(body, str | None) else json.dumps(body),
            "requestContext": {"stage": "v1", "identity": {"userArn": WHO}},
        }
        context: Any = Context()
        answer = subscriber_api.handler(event, context)
        return answer["statusCode"], json.loads(answer["body"])

    def row(self) -> dict[str, Any]:
        return dict(self.dynamodb.Table(SUBSCRIBERS.name).get_item(Key={"customerIdentifier": "custA1"})["Item"])

    def audited(self) -> list[dict[str, Any]]:
        return list(self.dynamodb.Table(AUDIT.name).scan()["Items"])

    def token(self, customer: str = "custA1") -> str:
        return self.handovers.issue(customer, PRODUCT, T0)[0]


@pytest.fixture
def handover_url() -> str:
    return URL


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB, handover_url: str) -> App:
    secret = Secret()

    def connect(arn: str) -> SigningKeys:
        return SigningKeys(secret, arn)

    monkeypatch.setattr(SigningKeys, "connect", connect)
    monkeypatch.setattr(clock, "now", lambda: T0 + 1.5)
    for name, value in {
        "SUBSCRIBERS_TABLE": SUBSCRIBERS.name,
        "NOTICES_TABLE": NOTICES.name,
        "AUDIT_TABLE": AUDIT.name,
        "PRODUCTS": sold(code=PRODUCT, title="Order Flow").to_json(),
        "HANDOVER_URL": handover_url,
        "HANDOVER_ISSUER": "yawl-metering/prod",
        "HANDOVER_SECRET_ARN": secret.arn,
        "PEOPLE_QUEUE_URL": "",
    }.items():
        monkeypatch.setenv(name, value)
    for made in (
        subscriber_api.tables,
        subscriber_api.subscribers,
        subscriber_api.linker,
        subscriber_api.redeemer,
        subscriber_api.people,
    ):
        made.cache_clear()
    dynamodb.Table(SUBSCRIBERS.name).put_item(
        Item={
            "customerIdentifier": "custA1",
            "integration": "legacy",
            "subscriptionStatus": "active",
            "productCode": PRODUCT,
            "tier": "basic_tier",
            "entitlements": [{"dimension": "basic_tier", "value": "1", "expiresAt": int(T0) + 86400}],
            "email": "ann@acme.example",
            "company": "Acme",
            "version": 3,
        }
    )
    return App(dynamodb, Handovers(SigningKeys(secret, secret.arn), "yawl-metering/prod", URL))
