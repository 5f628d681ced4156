"""What a BatchMeterUsage request must look like before anyone asks who the buyer is."""

import re
from decimal import Decimal
from typing import Any

from local.marketplace.errors import ApiError
from local.marketplace.model import Violation, describe
from local.marketplace.rules.usage_record import MeteringRequest, UsageRecord

LARGEST_REQUEST = 1_000_000
_TAG_TEXT = re.compile(r"[a-zA-Z0-9+ \-=._:/@]+")


def request_fits_model(broken: list[Violation]) -> None:
    """At most 25 records, every member within its bounds and pattern; a broken tag is InvalidTagException.

    botocore model, BatchMeterUsageRequest and the shapes below it; InvalidTagException: "The tag is invalid, or the
    number of tags is greater than 5". The code of other violations is undocumented; AWS's usual one is taken.
    """
    if broken:
        only_tags = all(".Tags" in violation.path for violation in broken)
        raise ApiError("InvalidTagException" if only_tags else "ValidationException", describe(broken))


def request_under_one_megabyte(request: MeteringRequest) -> None:
    """botocore model, BatchMeterUsage: "less than 1 MB in size"; the error class is undocumented."""
    if request.size >= LARGEST_REQUEST:
        raise ApiError("RequestEntityTooLargeException", f"the request has {request.size} bytes, 1 MB is too large")


def one_quantity_field(record: UsageRecord) -> None:
    """botocore model, UsageRecord.QuantityAsDecimal: "You can't specify both"; then "the entire request fails and no
    records are processed". The error class is undocumented.
    """
    if record.sent.get("Quantity") is not None and record.sent.get("QuantityAsDecimal") is not None:
        raise ApiError("ValidationException", "a usage record cannot carry both Quantity and QuantityAsDecimal")


def allocations_add_up(record: UsageRecord) -> None:
    """Each allocation has exactly one quantity, of the record's own kind, and they sum to the record's quantity.

    botocore model, UsageAllocation, UsageRecord.UsageAllocations and InvalidUsageAllocationsException.
    """
    allocations = record.sent.get("UsageAllocations")
    if allocations is None:
        return
    decimal = record.sent.get("QuantityAsDecimal") is not None
    field, other = "AllocatedUsageQuantity", "AllocatedUsageQuantityAsDecimal"
    if decimal:
        field, other = other, field
    if any(allocation.get(field) is None or allocation.get(other) is not None for allocation in allocations):
        raise ApiError("InvalidUsageAllocationsException", f"each allocation must carry {field} and nothing else")
    if sum(Decimal(allocation[field]) for allocation in allocations) != record.quantity:
        raise ApiError("InvalidUsageAllocationsException", "the allocations do not sum to the record's quantity")


def tag_sets_are_unique(record: UsageRecord) -> None:
    """Each allocation has a tag set of its own (botocore model, documented for MeterUsage), at most one has none."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for allocation in record.sent.get("UsageAllocations") or []:
        tags = frozenset((tag["Key"], tag["Value"]) for tag in _tags(allocation))
        if tags in seen:
            raise ApiError("InvalidUsageAllocationsException", "two allocations have the same tags")
        seen.add(tags)


def tags_are_plain(record: UsageRecord) -> None:
    """Letters, digits and ``+ - = . _ : / @`` and space; a key once an allocation. InvalidTagException otherwise.

    botocore model, TagKey and TagValue; their pattern holds an unescaped `` -=`` and so lets more pass than it names:
    the narrow reading is taken. That a key may not repeat is undocumented.
    """
    for allocation in record.sent.get("UsageAllocations") or []:
        tags = _tags(allocation)
        texts = [text for tag in tags for text in (tag["Key"], tag["Value"])]
        if not all(_TAG_TEXT.fullmatch(text) for text in texts) or len({tag["Key"] for tag in tags}) < len(tags):
            raise ApiError("InvalidTagException", "a tag has a character that is not allowed, or a key repeats")


def _tags(allocation: dict[str, Any]) -> list[dict[str, str]]:
    return allocation.get("Tags") or []


#: judged for each record, in this order
RECORD_FORM_RULES = (one_quantity_field, tags_are_plain, allocations_add_up, tag_sets_are_unique)
