"""What a BatchMeterUsage request must look like before anyone asks who the buyer is."""

import re
from collections.abc import Iterator
from decimal import Decimal

from marketplace_local.errors import ApiError
from marketplace_local.rules.usage_record import MeteringRequest, UsageRecord
from marketplace_local.violation import Violation, describe

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


def record_is_well_formed(record: UsageRecord) -> None:
    """All rules on a record by itself, in the order in which they are judged."""
    one_quantity_field(record)
    if record.sent.get("UsageAllocations") is not None:
        tags_are_plain(record)
        tag_keys_do_not_repeat(record)
        allocations_are_of_the_records_kind(record)
        allocations_add_up(record)
        tag_sets_are_unique(record)


def one_quantity_field(record: UsageRecord) -> None:
    """botocore model, UsageRecord.QuantityAsDecimal: "You can't specify both"; then "the entire request fails and no
    records are processed". The error class is undocumented.
    """
    if record.sent.get("Quantity") is not None and record.sent.get("QuantityAsDecimal") is not None:
        raise ApiError("ValidationException", "a usage record cannot carry both Quantity and QuantityAsDecimal")


def allocations_are_of_the_records_kind(record: UsageRecord) -> None:
    """Each allocation has exactly one quantity, of the record's own kind.

    botocore model, UsageAllocation, UsageRecord.UsageAllocations and InvalidUsageAllocationsException.
    """
    allocations = record.sent["UsageAllocations"]
    field, other = "AllocatedUsageQuantity", "AllocatedUsageQuantityAsDecimal"
    if record.sent.get("QuantityAsDecimal") is not None:
        field, other = other, field
    if any(allocation.get(field) is None or allocation.get(other) is not None for allocation in allocations):
        raise ApiError("InvalidUsageAllocationsException", f"each allocation must carry {field} and nothing else")


def allocations_add_up(record: UsageRecord) -> None:
    """They sum to the record's quantity, exactly.

    botocore model, UsageRecord.UsageAllocations and InvalidUsageAllocationsException.
    """
    if sum(quantity for _, quantity in allocated(record)) != record.quantity:
        raise ApiError("InvalidUsageAllocationsException", "the allocations do not sum to the record's quantity")


def allocated(record: UsageRecord) -> Iterator[tuple[list[dict[str, str]], Decimal]]:
    """The tags and the quantity of each allocation; one without a quantity counts as 0."""
    for allocation in record.sent["UsageAllocations"]:
        decimal, whole = allocation.get("AllocatedUsageQuantityAsDecimal"), allocation.get("AllocatedUsageQuantity")
        yield allocation.get("Tags") or [], Decimal(decimal if decimal is not None else whole or 0)


def tag_sets_are_unique(record: UsageRecord) -> None:
    """Each allocation has a tag set of its own (botocore model, documented for MeterUsage), at most one has none."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for tags, _ in allocated(record):
        tag_set = frozenset((tag["Key"], tag["Value"]) for tag in tags)
        if tag_set in seen:
            raise ApiError("InvalidUsageAllocationsException", "two allocations have the same tags")
        seen.add(tag_set)


def tags_are_plain(record: UsageRecord) -> None:
    """Letters, digits and ``+ - = . _ : / @`` and space. InvalidTagException otherwise.

    botocore model, TagKey and TagValue; their pattern holds an unescaped `` -=`` and so lets more pass than it names:
    the narrow reading is taken.
    """
    for tags, _ in allocated(record):
        if not all(_TAG_TEXT.fullmatch(text) for tag in tags for text in (tag["Key"], tag["Value"])):
            raise ApiError("InvalidTagException", "a tag has a character that is not allowed")


def tag_keys_do_not_repeat(record: UsageRecord) -> None:
    """A key stands once in an allocation. Undocumented: a tag's key is "a label that acts like a category" (Tag)."""
    for tags, _ in allocated(record):
        if len({tag["Key"] for tag in tags}) < len(tags):
            raise ApiError("InvalidTagException", "a key repeats in one allocation")
