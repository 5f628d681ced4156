"""A BatchMeterUsage request as the rules read it, after the check against the model."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local.marketplace.catalogue import Buyer


@dataclass(frozen=True)
class UsageRecord:
    """One ``UsageRecord``; ``timestamp`` in epoch seconds, ``sent`` as it arrived (it is echoed in the answer)."""

    sent: dict[str, Any]

    @property
    def timestamp(self) -> float:
        return float(self.sent["Timestamp"])

    @property
    def dimension(self) -> str:
        return str(self.sent["Dimension"])

    @property
    def customer_identifier(self) -> str:
        return self.sent.get("CustomerIdentifier") or ""

    @property
    def account_id(self) -> str:
        return self.sent.get("CustomerAWSAccountId") or ""

    @property
    def license_arn(self) -> str:
        return self.sent.get("LicenseArn") or ""

    @property
    def quantity_text(self) -> str:
        """As it was sent; 0 if neither field was (botocore model, UsageRecord.Quantity: "defaults to 0")."""
        decimal = self.sent.get("QuantityAsDecimal")
        return decimal if decimal is not None else str(self.sent.get("Quantity") or 0)

    @property
    def quantity(self) -> Decimal:
        """By value, whichever field carried it (botocore model, UsageRecord.QuantityAsDecimal: 17, 17.0, 17.00)."""
        return Decimal(self.quantity_text)


@dataclass(frozen=True)
class MeteringRequest:
    """One BatchMeterUsage request. ``product_code`` is "" in the licence integration; ``size`` is its bytes."""

    product_code: str
    records: tuple[UsageRecord, ...]
    size: int

    @classmethod
    def from_body(cls, body: dict[str, Any], size: int) -> "MeteringRequest":
        records = tuple(UsageRecord(record) for record in body["UsageRecords"])
        return cls(product_code=body.get("ProductCode") or "", records=records, size=size)


@dataclass(frozen=True)
class BoundRecord:
    """A record together with the buyer that it names."""

    record: UsageRecord
    buyer: Buyer
