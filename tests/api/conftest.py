"""The functions behind the API, with their tables in memory and a Marketplace that knows every second token."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from buyer.access_terms import AccessRules
from buyer.registration.contact import ASKED_BY_DEFAULT
from buyer.usage_page.links import _signer
from buyer.usage_page.settings import PageSettings
from ledger import dynamodb, tables
from local.dynamodb.declared_tables import create
from local.dynamodb.store import MemoryDynamoDB
from marketplace.client import MarketplaceClient, ResolvedCustomer
from marketplace.dimensions import Dimension
from marketplace.products import Product, Products
from marketplace.tiers import Tier
from runtime import aws, clock
from tests.api.gateway import Gateway
from tests.unit.marketplace_double import MarketplaceDouble, held
from tests.unit.messages import PRODUCT, T0
from tests.unit.yawl.engines import PATH, Parameters, engine

NOW = T0 + 8 * 3600
CUSTOMER = "l-0123456789abcdef"
DIMENSIONS = (
    Dimension(name="workflow_executions", unit="execution", aggregation="sum", scale=1, decimals=0),
    Dimension(name="active_users", unit="user", aggregation="distinct", scale=1, decimals=0),
    Dimension(name="data_processed_gb", unit="GB", aggregation="sum", scale=1, decimals=6),
)


SOLD = Product(
    code=PRODUCT,
    title="Order Flow",
    integration="mixed",
    pricing_model="contract-with-consumption",
    dimensions={each.name: each for each in DIMENSIONS},
    tiers=(Tier("basic_tier", {"workflow_executions": Decimal(5)}),),
)
#: A link to the usage page of ``CUSTOMER``, signed with the secret below.
LINK = str(_signer(("k" * 64,)).dumps([CUSTOMER, 0, int(NOW) + 60]))


class Buyers(dict[str, Any]):
    """Every token of an even length stands for a buyer of its own."""

    def get(self, token: str, default: Any = None) -> Any:
        if len(token) % 2:
            return default
        return ResolvedCustomer(product_code=PRODUCT, customer_identifier=f"cust{len(token)}", account_id="1" * 12)


class Secrets:
    """Secrets Manager, with a secret that was never rotated."""

    class exceptions:  # noqa: N801  # botocore's name
        class ResourceNotFoundException(Exception):
            """There is no earlier value."""

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:
        if VersionStage != "AWSCURRENT":
            raise self.exceptions.ResourceNotFoundException
        return {"SecretString": "k" * 64, "ARN": SecretId}


class Functions:
    """Lambda, which calls nothing."""

    def invoke(self, **_: str) -> None:
        """Take an asynchronous call."""


CLIENTS = {"secretsmanager": Secrets(), "ssm": Parameters(engine()), "lambda": Functions()}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """The API, with one active customer who has recorded usage before."""
    store: Any = MemoryDynamoDB()
    for table in tables.ALL_TABLES:
        create(store.meta.client, table, table.name)
    store.Table(tables.SUBSCRIBERS.name).put_item(
        Item={
            "customerIdentifier": CUSTOMER,
            "integration": "license",
            "subscriptionStatus": "active",
            "activePeriods": [{"start": int(NOW) - 86400}],
            "version": 1,
        }
    )
    marketplace = MarketplaceDouble(buyers=Buyers(), holds=(held("basic_tier"),))
    environment = {
        "METERING_REGION": "us-east-1",
        "SELLER_ROLE_ARN": "",
        "EXTERNAL_ID": "",
        "NOTICES_OF": "all",
        "REPORTERS": "[]",
        "PENDING_SHARDS": "1",
        "SUBSCRIBERS_TABLE": tables.SUBSCRIBERS.name,
        "NOTICES_TABLE": tables.NOTICES.name,
        "USAGE_EVENTS_TABLE": tables.USAGE_EVENTS.name,
        "METERING_RECORDS_TABLE": tables.METERING_RECORDS.name,
        "ENGINES_TABLE": tables.ENGINES.name,
        "ENGINES_PATH": PATH,
        "RECONCILE_FUNCTION": "arn:aws:lambda:us-east-1:111122223333:function:reconcile-engine:live",
        "AUDIT_TABLE": tables.AUDIT.name,
        "REGISTRATION_FIELDS": json.dumps(ASKED_BY_DEFAULT),
        "CONFIRM_WITHIN_SECONDS": "3600",
        "BRANDING": "{}",
        "HANDOVER_URL": "https://app.vendor.com/marketplace",
        "HANDOVER_REDIRECTS": "",
        "HANDOVER_ISSUER": "yawl-metering/test",
        "HANDOVER_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:handover",
        "PEOPLE_QUEUE_URL": "",
        "PRODUCTS": Products((SOLD,)).to_json(),
        "ACCESS": AccessRules().to_json(),
        "USAGE_PAGE": PageSettings(history=1).to_json(),
        "USAGE_PAGE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:usage-page",
        "CURRENCY": "USD",
        "STATE_TABLE": tables.STATE.name,
        "SESSION_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:session",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(dynamodb, "connect", lambda: store)
        patch.setattr(aws, "client", lambda service, **_: CLIENTS[service])
        patch.setattr(MarketplaceClient, "connect", lambda *_, **__: marketplace)
        patch.setattr(clock, "now", lambda: NOW)
        forget()
        yield Gateway()
        forget()


def forget() -> None:
    """What the functions have cached of an environment."""
    for module in Gateway()._modules:
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
