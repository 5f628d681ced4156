"""The functions of a living subscription, made from an environment as the stack gives it, on tables in memory."""

from decimal import Decimal
from typing import Any

import pytest

from buyer import signing_keys
from buyer.access_terms import AccessRules
from buyer.handlers import access, buyer_usage, usage_page
from buyer.pages.branding import Branding
from buyer.usage_page.settings import PageSettings
from ledger import tables
from local.dynamodb.store import MemoryDynamoDB
from marketplace.dimensions import Dimension
from marketplace.products import Product, Products
from marketplace.tiers import Tier
from runtime import clock
from runtime.clock import from_iso
from tests.unit.buyer.living.doors import CUSTOMER
from tests.unit.buyer.registration.secret import Secret

NOW = from_iso("2026-11-15T08:30:00Z")
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:usage-page"
PRODUCT = Product(
    code="prod-1",
    title="Order Flow",
    integration="license",
    pricing_model="contract-with-consumption",
    dimensions={
        "api_calls": Dimension(name="api_calls", unit="call", scale=1000, price=Decimal("0.4")),
        "seats": Dimension(name="seats", unit="user", aggregation="max"),
    },
    tiers=(Tier("basic", {"api_calls": Decimal(2000), "seats": Decimal(-1)}),),
)


class Stage:
    """The stage's tables, clock, secret and variables."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB) -> None:
        self.dynamodb = dynamodb
        self.now = NOW
        self.secret = Secret(SECRET)
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(clock, "now", lambda: self.now)
        monkeypatch.setattr(signing_keys, "_client", lambda: self.secret)
        self.set(
            PRODUCTS=Products((PRODUCT,)).to_json(),
            ACCESS=AccessRules().to_json(),
            USAGE_PAGE=PageSettings(embed_in=("https://app.example.com",)).to_json(),
            USAGE_PAGE_SECRET_ARN=SECRET,
            CURRENCY="USD",
            BRANDING=Branding(vendor="Order Flow Ltd").to_json(),
            SUBSCRIBERS_TABLE=tables.SUBSCRIBERS.name,
            METERING_RECORDS_TABLE=tables.METERING_RECORDS.name,
            STATE_TABLE=tables.STATE.name,
        )

    def set(self, **variables: str) -> None:
        """Variables of the functions, which read them anew."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        for module in (access, buyer_usage, usage_page):
            for made in vars(module).values():
                if hasattr(made, "cache_clear"):
                    made.cache_clear()

    def put(self, table: tables.Table, **item: Any) -> None:
        self.dynamodb.Table(table.name).put_item(Item={"customerIdentifier": CUSTOMER, "schema": 1, **item})

    def subscriber(self, **facts: Any) -> None:
        """A buyer of the product since October, whose contract was fetched; facts replace what is usual."""
        usual: dict[str, Any] = {
            "integration": "license",
            "subscriptionStatus": "active",
            "productCode": "prod-1",
            "activePeriods": [{"start": int(from_iso("2026-10-03T00:00:00Z"))}],
            "lastNoticeAt": Decimal(int(from_iso("2026-10-03T00:00:00Z"))),
            "entitlements": [{"dimension": "basic", "value": "1", "expiresAt": int(from_iso("2027-01-01T00:00:00Z"))}],
            "entitlementsFetchedAt": Decimal(int(from_iso("2026-10-03T00:01:00Z"))),
            "tier": "basic",
            "email": "ada@example.com",
            "company": "Analytical Engines",
            "version": 3,
        }
        self.put(tables.SUBSCRIBERS, **{name: value for name, value in (usual | facts).items() if value is not None})

    def hour(self, hour: str, counted: int, *, quantity: int | None = None, included: int = 0, **more: Any) -> None:
        """An hour of API calls: open, or sealed with a line of so many billed units."""
        item: dict[str, Any] = {
            "timestamp": int(from_iso(hour)),
            "state": "open" if quantity is None else "sealed",
            "version": 1,
            f"counted#api_calls#{hour[:7]}": Decimal(counted),
        }
        if quantity is not None:
            item["dimensionUsage"] = [
                {"dimension": "api_calls", "value": Decimal(counted), "included": Decimal(included)}
            ]
            item["lines"] = (
                {"api_calls": {"quantity": Decimal(quantity), "scale": Decimal(1000), "deadline": 1}}
                if quantity
                else {}
            )
            item["verdict#api_calls"] = {"verdict": "billed", "rank": 3, "at": Decimal(1)}
        self.put(tables.METERING_RECORDS, **{**item, **more})


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB) -> Stage:
    return Stage(monkeypatch, dynamodb)
