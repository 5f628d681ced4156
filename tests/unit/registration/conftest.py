"""The doors, made from an environment as the stack gives it."""

from collections.abc import Iterator

import pytest
from botocore.session import get_session
from moto import mock_aws

from marketplace import tiers
from marketplace.tiers import Tier
from registration import handlers
from registration.patience import Patience
from registration.session import Sessions
from registration.session_keys import SessionKeys
from runtime import clock
from tests.unit.marketplace_double import MarketplaceDouble, held
from tests.unit.messages import PRODUCT
from tests.unit.moto_tables import tables
from tests.unit.registration.door import LEGACY, LICENSE, TOKEN, Door, Times
from tests.unit.registration.secret import Secret

TIERS = (Tier("basic_tier", {}), Tier("professional_tier", {}))


@pytest.fixture
def pricing_model() -> str:
    return "contract-with-consumption"


@pytest.fixture
def integration() -> str:
    return "mixed"


@pytest.fixture(scope="session")
def secrets_manager() -> object:
    """botocore's client, as the function has it: making it takes longer than a test."""
    return get_session().create_client("secretsmanager", region_name="us-east-1")


@pytest.fixture
def secret(secrets_manager: object) -> Iterator[Secret]:
    """As the stack makes it: one value, never rotated."""
    with mock_aws():
        yield Secret.create(secrets_manager)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, pricing_model: str, integration: str, secret: Secret) -> Iterator[Door]:
    marketplace = MarketplaceDouble(buyers={TOKEN: LEGACY, "licensed": LICENSE}, holds=(held("basic_tier"),))
    times = Times()
    with tables(monkeypatch) as (subscribers, notices):
        for name, value in {
            "PRODUCT_CODE": PRODUCT,
            "INTEGRATION": integration,
            "PRICING_MODEL": pricing_model,
            "TIERS": tiers.to_json(TIERS),
            "METERING_REGION": "us-east-1",
            "SELLER_ROLE_ARN": "",
            "EXTERNAL_ID": "",
            "NOTICES_OF": "all",
            "SUBSCRIBERS_TABLE": subscribers.name,
            "NOTICES_TABLE": notices.name,
            "SESSION_SECRET_ARN": secret.arn,
        }.items():
            monkeypatch.setenv(name, value)
        sessions = Sessions(SessionKeys(secret, secret.arn, monotonic=lambda: times.monotonic), PRODUCT)
        monkeypatch.setattr(clock, "now", lambda: times.now)
        monkeypatch.setattr(handlers, "marketplace", lambda: marketplace)
        monkeypatch.setattr(handlers, "sessions", lambda: sessions)
        monkeypatch.setattr(handlers, "Patience", lambda: Patience(lambda: times.monotonic, times.sleep))
        handlers.desk.cache_clear()
        yield Door(subscribers, marketplace, times)
