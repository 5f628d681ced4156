"""The Marketplace as a seller's program and a test see it; the clock shows what it was set to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.marketplace.admin import MarketplaceAdmin
from local.marketplace.server import LocalMarketplace
from local.marketplace.state import MarketplaceState

PRODUCT = "prod-code-1"
NOW = datetime(2026, 11, 15, 12, 30, tzinfo=UTC)
HOUR = datetime(2026, 11, 15, 11, tzinfo=UTC)


class SetClock:
    """A clock that shows what it was set to."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> float:
        return self.moment.timestamp()


class Ticks:
    """A monotonic clock; ``step`` seconds pass at each reading, so only a test that stops it meets the quota."""

    def __init__(self) -> None:
        self.reading, self.step = 0.0, 1.0

    def __call__(self) -> float:
        self.reading += self.step
        return self.reading


@dataclass
class Market:
    """The Marketplace as a seller's program and a test see it."""

    server: LocalMarketplace
    clock: SetClock
    ticks: Ticks
    metering: Any
    entitlement: Any

    @property
    def admin(self) -> MarketplaceAdmin:
        return MarketplaceAdmin(self.server.url)

    @property
    def state(self) -> MarketplaceState:
        return self.server.state

    def product(self, code: str = PRODUCT, integration: str = "mixed") -> None:
        self.admin.create_product(
            code, ["runs", "gb"], integration=integration, contract_dimensions=["basic_tier", "gold_tier"]
        )

    def buyer(self, kind: str = "license", *, code: str = PRODUCT, **more: Any) -> dict[str, Any]:
        """A buyer, active since ten days before NOW unless said otherwise."""
        return self.admin.create_buyer(code, kind, **({"activated_at": "2026-11-05T00:00:00Z"} | more))

    def send(self, *records: dict[str, Any], code: str | None = None) -> dict[str, Any]:
        """One BatchMeterUsage call; with a product code where the first record is a legacy one."""
        legacy = bool(records and "CustomerIdentifier" in records[0])
        named = {"ProductCode": code or PRODUCT} if legacy or code else {}
        answer: dict[str, Any] = self.metering.batch_meter_usage(UsageRecords=list(records), **named)
        return answer

    def statuses(self, *records: dict[str, Any], code: str | None = None) -> list[str]:
        return [result["Status"] for result in self.send(*records, code=code)["Results"]]


def record(buyer: dict[str, Any], at: datetime = HOUR, dimension: str = "runs", **more: Any) -> dict[str, Any]:
    """A usage record of a buyer, by whatever names it; quantity 5 unless said otherwise."""
    if buyer["kind"] == "legacy":
        named = {"CustomerIdentifier": buyer["customerIdentifier"]}
    else:
        named = {"CustomerAWSAccountId": buyer["accountId"], "LicenseArn": buyer["licenseArn"]}
    amount = {} if "QuantityAsDecimal" in more else {"Quantity": 5}
    return {"Timestamp": at, "Dimension": dimension, **named, **amount, **more}
