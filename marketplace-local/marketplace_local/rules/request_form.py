"""What a BatchMeterUsage request must look like, before the Marketplace looks for its buyers."""

import re
from collections.abc import Iterator
from decimal import Decimal

from marketplace_local.errors import ServiceError
from marketplace_local.rules.usage_record import MeteringRequest, UsageRecord
from marketplace_local.violation import Violation, describe, rule_of

LARGEST_REQUEST = 1_000_000
_TAG_TEXT = re.compile(r"[a-zA-Z0-9+ \-=._:/@]+")


def request_fits_model(broken: list[Violation]) -> None:
    """Rule F28, and the rule of the first broken constraint. AWS documents no error class for the others.

    Raises InvalidTagException if only tags break constraints, else ValidationException.
    """
    if broken:
        only_tags = all(".Tags" in violation.path for violation in broken)
        raise ServiceError(
            "InvalidTagException" if only_tags else "ValidationException", describe(broken), rule=rule_of(broken)
        )


def request_under_one_megabyte(request: MeteringRequest) -> None:
    """Rule F29. Raises RequestEntityTooLargeException if the request has 1 MB or more."""
    if request.size >= LARGEST_REQUEST:
        raise ServiceError(
            "RequestEntityTooLargeException", f"the request has {request.size} bytes, 1 MB is too large", rule="F29"
        )


def record_is_well_formed(record: UsageRecord) -> None:
    """All rules on a record by itself, in the order in which they are judged. Raises the first one's error."""
    one_quantity_field(record)
    if record.sent.get("UsageAllocations") is not None:
        tags_are_plain(record)
        tag_keys_do_not_repeat(record)
        allocations_are_of_the_records_kind(record)
        allocations_add_up(record)
        tag_sets_are_unique(record)


def one_quantity_field(record: UsageRecord) -> None:
    """Rule F14. Raises ValidationException if the record has Quantity and QuantityAsDecimal."""
    if record.sent.get("Quantity") is not None and record.sent.get("QuantityAsDecimal") is not None:
        raise ServiceError(
            "ValidationException", "a usage record cannot carry both Quantity and QuantityAsDecimal", rule="F14"
        )


def allocations_are_of_the_records_kind(record: UsageRecord) -> None:
    """Rule F19. Raises InvalidUsageAllocationsException if an allocation has another quantity field than its record."""
    allocations = record.sent["UsageAllocations"]
    field, other = "AllocatedUsageQuantity", "AllocatedUsageQuantityAsDecimal"
    if record.sent.get("QuantityAsDecimal") is not None:
        field, other = other, field
    if any(allocation.get(field) is None or allocation.get(other) is not None for allocation in allocations):
        raise ServiceError(
            "InvalidUsageAllocationsException", f"each allocation must carry {field} and nothing else", rule="F19"
        )


def allocations_add_up(record: UsageRecord) -> None:
    """Rule F20. Raises InvalidUsageAllocationsException if the sum of the allocations is not the record's quantity."""
    if sum(quantity for _, quantity in allocated(record)) != record.quantity:
        raise ServiceError(
            "InvalidUsageAllocationsException", "the allocations do not sum to the record's quantity", rule="F20"
        )


def allocated(record: UsageRecord) -> Iterator[tuple[list[dict[str, str]], Decimal]]:
    """The tags and the quantity of each allocation; one without a quantity counts as 0."""
    for allocation in record.sent["UsageAllocations"]:
        decimal, whole = allocation.get("AllocatedUsageQuantityAsDecimal"), allocation.get("AllocatedUsageQuantity")
        yield allocation.get("Tags") or [], Decimal(decimal if decimal is not None else whole or 0)


def tag_sets_are_unique(record: UsageRecord) -> None:
    """Rule F21. Raises InvalidUsageAllocationsException if two allocations have the same tags."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for tags, _ in allocated(record):
        tag_set = frozenset((tag["Key"], tag["Value"]) for tag in tags)
        if tag_set in seen:
            raise ServiceError("InvalidUsageAllocationsException", "two allocations have the same tags", rule="F21")
        seen.add(tag_set)


def tags_are_plain(record: UsageRecord) -> None:
    """Rule F26, the narrow reading. Raises InvalidTagException if a tag has a character that is not allowed."""
    for tags, _ in allocated(record):
        if not all(_TAG_TEXT.fullmatch(text) for tag in tags for text in (tag["Key"], tag["Value"])):
            raise ServiceError("InvalidTagException", "a tag has a character that is not allowed", rule="F26")


def tag_keys_do_not_repeat(record: UsageRecord) -> None:
    """Rule F27. Raises InvalidTagException if a key repeats in one allocation."""
    for tags, _ in allocated(record):
        if len({tag["Key"] for tag in tags}) < len(tags):
            raise ServiceError("InvalidTagException", "a key repeats in one allocation", rule="F27")
