"""The Marketplace as a seller's program and a test see it; the clock shows what it was set to."""

import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from marketplace_local import api
from marketplace_local.admin import MarketplaceAdmin
from marketplace_local.in_process import (
    AgreementClient,
    EntitlementClient,
    InProcessAdmin,
    MeteringClient,
    TrailClient,
)
from marketplace_local.server import LocalMarketplace
from marketplace_local.state import MarketplaceState

PRODUCT = "prod-code-1"
NOW = datetime(2026, 11, 15, 12, 30, tzinfo=UTC)
HOUR = datetime(2026, 11, 15, 11, tzinfo=UTC)
SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20261115/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"

Transport = Literal["http", "in process"]


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


class Reply(NamedTuple):
    """The answer to a request made by hand; ``kind`` is x-amzn-errortype."""

    status: int
    body: dict[str, Any]
    kind: str | None


@dataclass
class Market:
    """The Marketplace as a seller's program and a test see it, over HTTP with boto3 or in process."""

    server: LocalMarketplace
    clock: SetClock
    ticks: Ticks
    transport: Transport = "http"

    def __post_init__(self) -> None:
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def metering(self) -> Any:
        return self.metering_in("us-east-1")

    @property
    def entitlement(self) -> Any:
        return self.entitlement_in("us-east-1")

    def metering_in(self, region: str) -> Any:
        """A client whose requests are signed for that Region."""
        if self.transport == "in process":
            return MeteringClient(self.state, region)
        return self._boto3("meteringmarketplace", region)

    def entitlement_in(self, region: str) -> Any:
        if self.transport == "in process":
            return EntitlementClient(self.state, region)
        return self._boto3("marketplace-entitlement", region)

    def trail_in(self, region: str = "us-east-1") -> Any:
        """CloudTrail in that Region."""
        if self.transport == "in process":
            return TrailClient(self.state, region)
        return self._boto3("cloudtrail", region)

    @property
    def agreement(self) -> Any:
        if self.transport == "in process":
            return AgreementClient(self.state)
        return self._boto3("marketplace-agreement", "us-east-1")

    def _boto3(self, service: str, region: str) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.server.url,
                region_name=region,
                aws_access_key_id="111122223333",
                aws_secret_access_key="local",
                # The rules have to refuse what boto3 would not send.
                config=Config(retries={"total_max_attempts": 1}, read_timeout=10, parameter_validation=False),
            )
        return self._clients[service, region]

    @property
    def admin(self) -> MarketplaceAdmin:
        return InProcessAdmin(self.state) if self.transport == "in process" else MarketplaceAdmin(self.server.url)

    @property
    def state(self) -> MarketplaceState:
        return self.server.state

    def product(self, code: str = PRODUCT, integration: str = "mixed") -> None:
        self.admin.create_product(
            code, ["runs", "gb"], integration=integration, contract_dimensions=["basic_tier", "gold_tier"]
        )

    def buyer(self, kind: str = "license", *, code: str = PRODUCT, **more: Any) -> dict[str, Any]:
        """A new buyer; by default its agreement began ten days before NOW."""
        return self.admin.create_buyer(code, kind, **({"activated_at": "2026-11-05T00:00:00Z"} | more))

    def send(self, *records: dict[str, Any], code: str | None = None) -> dict[str, Any]:
        """Makes one BatchMeterUsage call, with a product code if the first record is a legacy one."""
        legacy = bool(records and "CustomerIdentifier" in records[0])
        named = {"ProductCode": code or PRODUCT} if legacy or code else {}
        answer: dict[str, Any] = self.metering.batch_meter_usage(UsageRecords=list(records), **named)
        return answer

    def statuses(self, *records: dict[str, Any], code: str | None = None) -> list[str]:
        return [result["Status"] for result in self.send(*records, code=code)["Results"]]

    def refused(self, error: str, *records: dict[str, Any], code: str | None = None) -> None:
        """Asserts that the Marketplace refuses the whole call with that error class and accepts no record."""
        before = len(self.state.log.accepted)
        with pytest.raises(ClientError) as refusal:
            self.send(*records, code=code)
        assert refusal.value.response["Error"]["Code"] == error
        assert len(self.state.log.accepted) == before

    def quantities(self) -> list[str]:
        """The quantities that AWS would bill."""
        return [line["quantity"] for line in self.admin.accepted()]

    def raw(
        self,
        body: Any,
        target: str = "AWSMPMeteringService.BatchMeterUsage",
        *,
        service: str = "aws-marketplace",
        region: str = "us-east-1",
        signed: bool = True,
    ) -> Reply:
        """A request made by hand; bytes are sent as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Amz-Target": target}
        if signed:
            headers["Authorization"] = SIGNED.format(service=service, region=region)
        if self.transport == "in process":
            given = api.answer(self.state, headers.get, raw)
            return Reply(given.status, given.body, given.error or None)
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=10)
        connection.request("POST", "/", raw, headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        return Reply(answer.status, found, answer.getheader("x-amzn-errortype"))


def record(buyer: dict[str, Any], at: datetime = HOUR, dimension: str = "runs", **more: Any) -> dict[str, Any]:
    """A usage record of a buyer, named as its kind requires; the default quantity is 5."""
    if buyer["kind"] == "legacy":
        named = {"CustomerIdentifier": buyer["customerIdentifier"]}
    else:
        named = {"CustomerAWSAccountId": buyer["accountId"], "LicenseArn": buyer["licenseArn"]}
    amount = {} if "QuantityAsDecimal" in more else {"Quantity": 5}
    return {"Timestamp": at, "Dimension": dimension, **named, **amount, **more}


def raw_record(buyer: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A usage record as JSON carries it."""
    return record(buyer) | {"Timestamp": int(HOUR.timestamp())} | more


def share(quantity: int, **tags: str) -> dict[str, Any]:
    """An allocation of a whole quantity."""
    named = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
    return {"AllocatedUsageQuantity": quantity, **named}


def tagged(buyer: dict[str, Any], *allocations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return record(buyer, UsageAllocations=list(allocations), **more)
