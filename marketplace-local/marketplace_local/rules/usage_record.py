"""A BatchMeterUsage request as the rules read it, after the check against the model."""

from decimal import Decimal
from typing import Any, NamedTuple

from marketplace_local.catalogue import Buyer

HOUR_SECONDS = 3600


class UsageRecord(NamedTuple):
    """One ``UsageRecord``; ``timestamp`` in epoch seconds, ``sent`` as it arrived (it is echoed in the answer).

    Identifiers that were not sent are "". ``quantity_text`` is the quantity as it was sent.
    """

    sent: dict[str, Any]
    timestamp: float
    dimension: str
    customer_identifier: str
    account_id: str
    license_arn: str
    quantity_text: str
    quantity: Decimal

    @classmethod
    def of(cls, sent: dict[str, Any]) -> "UsageRecord":
        """From a record that fits the model."""
        text = quantity_text(sent)
        return cls(
            sent,
            sent["Timestamp"],
            sent["Dimension"],
            sent.get("CustomerIdentifier") or "",
            sent.get("CustomerAWSAccountId") or "",
            sent.get("LicenseArn") or "",
            text,
            Decimal(text),
        )

    @property
    def hour(self) -> int:
        """The start of the hour that the timestamp lies in, epoch seconds."""
        return hour_of(self.timestamp)


def quantity_text(sent: dict[str, Any]) -> str:
    """The quantity as it was sent; 0 if neither field was (F15)."""
    decimal = sent.get("QuantityAsDecimal")
    return decimal if decimal is not None else str(sent.get("Quantity") or 0)


def hour_of(timestamp: float) -> int:
    """The start of the hour (D02), epoch seconds."""
    return int(timestamp // HOUR_SECONDS) * HOUR_SECONDS


class MeteringRequest(NamedTuple):
    """One BatchMeterUsage request. ``product_code`` is "" in the licence integration; ``size`` is its bytes."""

    product_code: str
    records: tuple[UsageRecord, ...]
    size: int

    @classmethod
    def from_body(cls, body: dict[str, Any], size: int) -> "MeteringRequest":
        """From a body that fits the model; ``size`` in bytes."""
        return cls(body.get("ProductCode") or "", tuple(map(UsageRecord.of, body["UsageRecords"])), size)


class BoundRecord(NamedTuple):
    """A record together with the buyer that it names."""

    record: UsageRecord
    buyer: Buyer
