"""One record an hour: the first record stays, whatever is sent later."""

from decimal import Decimal
from typing import Literal, NamedTuple

from marketplace_local.rules.request_form import allocated
from marketplace_local.rules.usage_record import UsageRecord

Status = Literal["Success", "CustomerNotSubscribed", "DuplicateRecord"]
IdenticalResend = Literal["Success", "DuplicateRecord"]

#: A slot: Region, "legacy" or "license", the rest of the identity, dimension, hour (epoch seconds).
Key = tuple[str, str, str, str, str, int]
#: An allocation's tags and its quantity, which are compared by value.
Share = tuple[frozenset[tuple[str, str]], Decimal]


class OnFile(NamedTuple):
    """The record that holds a slot; ``shares`` are its allocations, empty if it had none."""

    quantity: Decimal
    metering_record_id: str
    shares: frozenset[Share] = frozenset()


def key_of(record: UsageRecord, product_code: str, region: str) -> Key:
    """The slot that a record takes (D02 to D07)."""
    if record.license_arn:
        return (region, "license", record.account_id, record.license_arn, record.dimension, record.hour)
    return (region, "legacy", product_code, record.customer_identifier, record.dimension, record.hour)


def shares_of(record: UsageRecord) -> frozenset[Share]:
    """The record's allocations, whatever their order (D13)."""
    if not record.sent.get("UsageAllocations"):
        return frozenset()
    return frozenset(
        (frozenset((tag["Key"], tag["Value"]) for tag in tags), quantity) for tags, quantity in allocated(record)
    )


def identical(record: UsageRecord, on_file: OnFile) -> bool:
    """The same quantity, by value, and the same allocations (D10, D12)."""
    return record.quantity == on_file.quantity and shares_of(record) == on_file.shares


def status_of(
    record: UsageRecord, on_file: OnFile | None, is_subscribed: bool, identical_resend: IdenticalResend
) -> Status:
    """The status of one record; only Success with nothing on file writes one (D01, D08, D09, D16)."""
    if not is_subscribed:
        return "CustomerNotSubscribed"
    if on_file is None:
        return "Success"
    return identical_resend if identical(record, on_file) else "DuplicateRecord"


def rule_of_duplicate(record: UsageRecord, on_file: OnFile) -> str:
    """The id of the rule by which the record is a duplicate."""
    if record.quantity != on_file.quantity:
        return "D01"
    return "D09" if identical(record, on_file) else "D12"
