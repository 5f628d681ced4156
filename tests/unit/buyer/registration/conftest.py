"""The registration function, made from an environment as the stack gives it, on tables in memory."""

import json

import pytest

from buyer.assembly import registration as assembly
from buyer.handlers import registration
from buyer.pages.branding import Branding
from buyer.registration.contact import ASKED_BY_DEFAULT, Asked
from buyer.registration.patience import Patience
from buyer.signing_keys import SigningKeys
from ledger.tables import NOTICES, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from marketplace.tiers import Tier
from runtime import clock
from runtime.settings import RegistrationSettings
from tests.products import sold
from tests.unit.buyer.registration.door import LEGACY, LICENSE, TOKEN, Door, Times
from tests.unit.buyer.registration.secret import Secret, Secrets
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
def handover_secret() -> Secret:
    """The secret that signs hand-overs."""
    return Secret("arn:aws:secretsmanager:us-east-1:111122223333:secret:handover", {"AWSCURRENT": "h" * 64})


@pytest.fixture
def asked() -> Asked:
    return ASKED_BY_DEFAULT


@pytest.fixture
def branding() -> Branding:
    return Branding()


@pytest.fixture
def handover_url() -> str:
    """None: the stage has no app that takes hand-overs."""
    return ""


@pytest.fixture
def door(
    monkeypatch: pytest.MonkeyPatch,
    dynamodb: MemoryDynamoDB,
    pricing_model: str,
    integration: str,
    secret: Secret,
    handover_secret: Secret,
    asked: Asked,
    branding: Branding,
    handover_url: str,
) -> Door:
    marketplace = MarketplaceDouble(buyers={TOKEN: LEGACY, "licensed": LICENSE}, holds=(held("basic_tier"),))
    times = Times()
    settings = RegistrationSettings(
        PRODUCTS=sold(
            code=PRODUCT, title="Order Flow", integration=integration, pricing_model=pricing_model, tiers=TIERS
        ).to_json(),
        METERING_REGION="us-east-1",
        SELLER_ROLE_ARN="",
        EXTERNAL_ID="",
        NOTICES_OF="all",
        SUBSCRIBERS_TABLE=SUBSCRIBERS.name,
        NOTICES_TABLE=NOTICES.name,
        SESSION_SECRET_ARN=secret.arn,
        REGISTRATION_FIELDS=json.dumps(dict(asked)),
        CONFIRM_WITHIN_SECONDS="3600",
        BRANDING=branding.to_json(),
        HANDOVER_URL=handover_url,
        HANDOVER_REDIRECTS="",
        HANDOVER_ISSUER="yawl-metering/test",
        HANDOVER_SECRET_ARN=handover_secret.arn,
    )
    registrar = assembly.registrar(
        settings, marketplace, patience=lambda: Patience(lambda: times.monotonic, times.sleep)
    )
    secrets = Secrets({secret.arn: secret, handover_secret.arn: handover_secret})
    monkeypatch.setattr(
        SigningKeys, "connect", lambda arn: SigningKeys(secrets, arn, monotonic=lambda: times.monotonic)
    )
    handouts, pages = assembly.handouts(settings), assembly.pages(settings)
    monkeypatch.setattr(clock, "now", lambda: times.now)
    monkeypatch.setattr(registration, "registrar", lambda: registrar)
    monkeypatch.setattr(registration, "handouts", lambda: handouts)
    monkeypatch.setattr(registration, "pages", lambda: pages)
    return Door(dynamodb.Table(SUBSCRIBERS.name), marketplace, times)
