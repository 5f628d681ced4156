"""One record an hour: what is on file stays, whatever is sent later."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from local.marketplace.rules.usage_record import UsageRecord

HOUR_SECONDS = 3600
Status = Literal["Success", "CustomerNotSubscribed", "DuplicateRecord"]
IdenticalResend = Literal["Success", "DuplicateRecord"]

#: region, "legacy" or "license", the rest of the identity, dimension, hour (epoch seconds)
Key = tuple[str, str, str, str, str, int]


@dataclass(frozen=True)
class OnFile:
    """The record that holds a key's slot."""

    quantity: Decimal
    metering_record_id: str


def key_of(record: UsageRecord, product_code: str, region: str) -> Key:
    """The slot that a record takes.

    ProductCode + CustomerIdentifier + Dimension + hour, or CustomerAWSAccountId + LicenseArn + Dimension + hour (AWS
    skill; hour: user guide, SaaS subscriptions, "de-duplicated on the hour"), in one Region (AWS skill). The two do not
    see each other: an hour sent both ways is billed twice (botocore model, BatchMeterUsageRequest.ProductCode).
    """
    hour = int(record.timestamp // HOUR_SECONDS) * HOUR_SECONDS
    if record.license_arn:
        return (region, "license", record.account_id, record.license_arn, record.dimension, hour)
    return (region, "legacy", product_code, record.customer_identifier, record.dimension, hour)


def verdict(
    quantity: Decimal, on_file: OnFile | None, is_subscribed: bool, identical_resend: IdenticalResend
) -> Status:
    """The status of one record; only Success with nothing on file writes one.

    First write wins (AWS skill). Another quantity: DuplicateRecord, "not honored" (botocore model, UsageRecordResult).
    The same quantity, by value: "identical requests are idempotent" (botocore model, BatchMeterUsage), so Success, or
    DuplicateRecord by AWS skill's reading: ``identical_resend`` chooses. Not subscribed is answered before duplicate;
    that order is undocumented and the stricter one, since it hides that the record was billed.
    """
    if not is_subscribed:
        return "CustomerNotSubscribed"
    if on_file is None:
        return "Success"
    return identical_resend if on_file.quantity == quantity else "DuplicateRecord"
