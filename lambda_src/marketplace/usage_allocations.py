"""Vendor-metered tagging: a usage record split into buckets by tags, as BatchMeterUsage takes it. Pure.

Source: the botocore model of ``meteringmarketplace`` (UsageAllocation, UsageAllocations, Tag, TagList).
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from marketplace.quantity import text

#: Tags in their canonical order: by key; no tags are the untagged bucket.
TagSet = tuple[tuple[str, str], ...]
UNTAGGED: TagSet = ()

#: Allocations of one record (``UsageAllocations``), the untagged one included.
MAX_ALLOCATIONS = 2500
#: Tags of one allocation (``TagList``), characters of a key and of a value.
MAX_TAGS = 5
MAX_KEY = 100
MAX_VALUE = 256
#: The published pattern holds an unescaped `` -=`` and so lets more pass than it names: the narrow reading is taken.
TAG_TEXT = re.compile(r"[a-zA-Z0-9+ \-=._:/@]+")

_FRAME = len('"UsageAllocations": [], ')
_BUCKET = len('{"AllocatedUsageQuantityAsDecimal": "9999999999.999999", "Tags": []}, ')
_TAG = len('{"Key": "", "Value": ""}, ')


class Allocation(NamedTuple):
    """One bucket of a line: ``quantity`` in billed units."""

    tags: TagSet
    quantity: Decimal


def tag_set(tags: Mapping[str, str]) -> TagSet:
    """The canonical form: equal tags are equal sets, whatever order they came in."""
    return tuple(sorted(tags.items()))


def usage_allocation(allocation: Allocation, decimals: int) -> dict[str, Any]:
    """The ``UsageAllocation``: its quantity in the kind of the record's own, the untagged bucket without ``Tags``."""
    bucket: dict[str, Any]
    if decimals:
        bucket = {"AllocatedUsageQuantityAsDecimal": text(allocation.quantity)}
    else:
        bucket = {"AllocatedUsageQuantity": int(allocation.quantity)}
    if allocation.tags:
        bucket["Tags"] = [{"Key": key, "Value": value} for key, value in allocation.tags]
    return bucket


def bucket_size(tags: TagSet) -> int:
    """An upper bound of one bucket's bytes in a request; no character that a tag may have is escaped in JSON."""
    return _BUCKET + sum(_TAG + len(key) + len(value) for key, value in tags)


def allocations_size(allocations: Iterable[Allocation]) -> int:
    """An upper bound of the bytes that these add to a record; 0 for none."""
    sizes = [bucket_size(allocation.tags) for allocation in allocations]
    return _FRAME + sum(sizes) if sizes else 0
