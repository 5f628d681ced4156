"""The notices' functions, made from an environment as the stack gives it, on tables in memory.

``integration`` and ``notices_of`` may be parametrized.
"""

import pytest

from buyer.handlers import subscriber_api, subscription_notices
from ledger.tables import AUDIT, NOTICES, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from tests.products import sold
from tests.unit.buyer.notices.stage import Stage
from tests.unit.messages import PRODUCT


@pytest.fixture
def integration() -> str:
    return "mixed"


@pytest.fixture
def notices_of() -> str:
    return "all"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, integration: str, notices_of: str) -> None:
    """The settings that both functions of notices have."""
    for name, value in {
        "PRODUCTS": sold(code=PRODUCT, integration=integration).to_json(),
        "NOTICES_OF": notices_of,
        "SUBSCRIBERS_TABLE": SUBSCRIBERS.name,
        "NOTICES_TABLE": NOTICES.name,
        "AUDIT_TABLE": AUDIT.name,
        "HANDOVER_URL": "",
        "HANDOVER_ISSUER": "",
        "HANDOVER_SECRET_ARN": "",
        "PEOPLE_QUEUE_URL": "",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def stage(dynamodb: MemoryDynamoDB, environment: None, capsys: pytest.CaptureFixture[str]) -> Stage:
    subscription_notices.receiver.cache_clear()
    subscriber_api.tables.cache_clear()
    subscriber_api.subscribers.cache_clear()
    return Stage(dynamodb.Table(SUBSCRIBERS.name), dynamodb.Table(NOTICES.name), capsys)
