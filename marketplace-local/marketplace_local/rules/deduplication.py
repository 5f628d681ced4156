"""One record an hour: what is on file stays, whatever is sent later."""

from decimal import Decimal
from typing import Literal, NamedTuple

from marketplace_local.rules.request_form import allocated
from marketplace_local.rules.usage_record import UsageRecord

Status = Literal["Success", "CustomerNotSubscribed", "DuplicateRecord"]
IdenticalResend = Literal["Success", "DuplicateRecord"]

#: region, "legacy" or "license", the rest of the identity, dimension, hour (epoch seconds)
Key = tuple[str, str, str, str, str, int]
#: an allocation's tags and its quantity, by value
Share = tuple[frozenset[tuple[str, str]], Decimal]


class OnFile(NamedTuple):
    """The record that holds a key's slot; ``shares`` are its allocations, empty if it had none."""

    quantity: Decimal
    metering_record_id: str
    shares: frozenset[Share] = frozenset()


def key_of(record: UsageRecord, product_code: str, region: str) -> Key:
    """The slot that a record takes.

    ProductCode + CustomerIdentifier + Dimension + hour, or CustomerAWSAccountId + LicenseArn + Dimension + hour (AWS
    skill; hour: user guide, SaaS subscriptions, "de-duplicated on the hour"), in one Region (AWS skill). The two do not
    see each other: an hour sent both ways is billed twice (botocore model, BatchMeterUsageRequest.ProductCode).
    """
    if record.license_arn:
        return (region, "license", record.account_id, record.license_arn, record.dimension, record.hour)
    return (region, "legacy", product_code, record.customer_identifier, record.dimension, record.hour)


def shares_of(record: UsageRecord) -> frozenset[Share]:
    """The record's allocations, whatever their order; quantities by value."""
    if not record.sent.get("UsageAllocations"):
        return frozenset()
    return frozenset(
        (frozenset((tag["Key"], tag["Value"]) for tag in tags), quantity) for tags, quantity in allocated(record)
    )


def identical(record: UsageRecord, on_file: OnFile) -> bool:
    """The same quantity, by value, and the same allocations.

    Equal quantities with other allocations are undocumented: DuplicateRecord "had ... a different quantity", idempotent
    are "identical requests" (botocore model). They are no identical request here, so that what is billed is not called
    Success for a split that is not on file.
    """
    return record.quantity == on_file.quantity and shares_of(record) == on_file.shares


def verdict(
    record: UsageRecord, on_file: OnFile | None, is_subscribed: bool, identical_resend: IdenticalResend
) -> Status:
    """The status of one record; only Success with nothing on file writes one.

    First write wins (AWS skill). Another quantity: DuplicateRecord, "not honored" (botocore model, UsageRecordResult).
    The same, by value: "identical requests are idempotent" (botocore model, BatchMeterUsage), so Success, or
    DuplicateRecord by AWS skill's reading: ``identical_resend`` chooses. Not subscribed is answered before duplicate;
    that order is undocumented and the stricter one, since it hides that the record was billed.
    """
    if not is_subscribed:
        return "CustomerNotSubscribed"
    if on_file is None:
        return "Success"
    return identical_resend if identical(record, on_file) else "DuplicateRecord"
