"""Sizes of items by DynamoDB's published rules: the developer guide's "DynamoDB item sizes and formats".

A name and a string are their UTF-8 bytes. A number is 1 byte per two significant digits (zeros at both ends trimmed)
and 1 byte. Null and boolean are 1 byte, binary its raw bytes. A list or map is 3 bytes, its contents and 1 byte per
element. A set is the sum of its elements. The guide calls the rule for numbers approximate; it does not publish, and we
do not count, the additional byte that a negative number is said to take.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

#: DynamoDB quotas: the largest item, transaction, page, and answer of BatchGetItem.
ITEM_LIMIT = 400 * 1024
TRANSACTION_LIMIT = 4 * 1024 * 1024
PAGE_LIMIT = 1024 * 1024
BATCH_LIMIT = 16 * 1024 * 1024


def size_of_item(item: Mapping[str, Any]) -> int:
    """The size of a stored item with its names, in bytes."""
    return sum([size_of_text(name) + size_of(value) for name, value in item.items()])


def size_of(value: Any) -> int:
    """The size of a stored value without its name, in bytes."""
    kind = type(value)
    if kind is str:
        return size_of_text(value)
    if kind is Decimal:
        return size_of_number(value)
    if kind is dict:
        return 3 + sum([size_of_text(name) + size_of(part) + 1 for name, part in value.items()])
    if kind is list:
        return 3 + sum([size_of(part) + 1 for part in value])
    if kind is frozenset:
        return sum([size_of(part) for part in value])
    return len(value) if kind is bytes else 1


def size_of_text(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


@lru_cache(maxsize=1 << 16)
def size_of_number(value: Decimal) -> int:
    """The size of a number in bytes, by the rule at the top of this module."""
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    return (len(digits) + 1) // 2 + 1
