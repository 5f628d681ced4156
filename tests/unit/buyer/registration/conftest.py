"""The registration function, made from an environment as the stack gives it, on tables in memory."""

import pytest

from buyer.assembly import registration as assembly
from buyer.handlers import registration
from buyer.registration.patience import Patience
from buyer.registration.session import Sessions
from buyer.registration.session_keys import SessionKeys
from ledger.tables import NOTICES, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from marketplace.tiers import Tier
from runtime import clock
from runtime.settings import RegistrationSettings
from tests.products import sold
from tests.unit.buyer.registration.door import LEGACY, LICENSE, TOKEN, Door, Times
from tests.unit.buyer.registration.secret import Secret
from tests.unit.marketplace_double import MarketplaceDouble, held
from tests.unit.messages import PRODUCT

TIERS = (Tier("basic_tier", {}), Tier("professional_tier", {}))


@pytest.fixture
def pricing_model() -> str:
    return "contract-with-consumption"


@pytest.fixture
def integration() -> str:
    return "mixed"


@pytest.fixture
def secret() -> Secret:
    """As the stack makes it: one value, never rotated."""
    return Secret()


@pytest.fixture
def door(
    monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB, pricing_model: str, integration: str, secret: Secret
) -> Door:
    marketplace = MarketplaceDouble(buyers={TOKEN: LEGACY, "licensed": LICENSE}, holds=(held("basic_tier"),))
    times = Times()
    settings = RegistrationSettings(
        PRODUCTS=sold(code=PRODUCT, integration=integration, pricing_model=pricing_model, tiers=TIERS).to_json(),
        METERING_REGION="us-east-1",
        SELLER_ROLE_ARN="",
        EXTERNAL_ID="",
        NOTICES_OF="all",
        SUBSCRIBERS_TABLE=SUBSCRIBERS.name,
        NOTICES_TABLE=NOTICES.name,
        SESSION_SECRET_ARN=secret.arn,
    )
    registrar = assembly.registrar(
        settings, marketplace, patience=lambda: Patience(lambda: times.monotonic, times.sleep)
    )
    sessions = Sessions(SessionKeys(secret, secret.arn, monotonic=lambda: times.monotonic), (PRODUCT,))
    monkeypatch.setattr(clock, "now", lambda: times.now)
    monkeypatch.setattr(registration, "registrar", lambda: registrar)
    monkeypatch.setattr(registration, "sessions", lambda: sessions)
    return Door(dynamodb.Table(SUBSCRIBERS.name), marketplace, times)
