"""Where an engine is not DynamoDB, by name: the one list. ``README.md`` has it as a table.

A case of the contracts that has a name here must give the engine's own answer on that engine, so that a mended
deviation is noticed, and DynamoDB's answer on every other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.contracts.engines import DYNAMODB_LOCAL, EMULATOR, MEMORY, MOTO

INVALID = "ValidationException"
FAILED = "ConditionalCheckFailed"
PASSED = "None"
_ROUNDED = {"x": Decimal("1.234567890123456789012345679E+29")}


@dataclass(frozen=True)
class Deviation:
    """``rule``: what DynamoDB does. ``instead``: the outcome of the case on the engines that do otherwise."""

    rule: str
    instead: Mapping[str, Any]


DEVIATIONS: dict[str, Deviation] = {
    # transactions
    "same-item-twice": Deviation(
        "two operations on one item are a ValidationException", {DYNAMODB_LOCAL: [PASSED, FAILED]}
    ),
    "same-item-twice-in-a-store": Deviation("the same, through the stores' own write", {DYNAMODB_LOCAL: "Cancelled"}),
    "update-fault-is-a-reason": Deviation(
        "an update that cannot be done is a reason (ValidationError) of the cancelled transaction",
        {MOTO: INVALID, DYNAMODB_LOCAL: INVALID},
    ),
    "add-fault-is-a-reason": Deviation("so is an ADD to a text", {MOTO: INVALID, DYNAMODB_LOCAL: INVALID}),
    "too-large-is-a-reason": Deviation(
        "so is an item that grows beyond 400 KB", {MOTO: INVALID, DYNAMODB_LOCAL: INVALID}
    ),
    "index-key-of-another-type": Deviation("so is a value that an index cannot hold", {MOTO: "done"}),
    "syntax-fault": Deviation("an expression that cannot be read is refused", {EMULATOR: "done"}),
    "unused-value-in-transaction": Deviation("a bound value that no expression uses is refused", {MOTO: "done"}),
    "overlap-in-transaction": Deviation("overlapping paths are refused", {EMULATOR: "done"}),
    "key-of-another-type": Deviation("so is a key of another type", {MEMORY: INVALID, MOTO: INVALID}),
    "transaction-over-4-mb": Deviation("a transaction of more than 4 MB is refused", {MOTO: "done"}),
    "token": Deviation("a repeat with its token changes nothing", {MOTO: {"n": 2}}),
    "token-mismatch": Deviation("a token of another transaction is refused", {MOTO: "done"}),
    # conditions
    "less-of-another-type": Deviation("values of two types have no order", {MOTO: "TypeError"}),
    "true-is-not-one": Deviation("true is not the number 1", {MOTO: True}),
    "no-order-of-booleans": Deviation("an order of booleans is refused", {MOTO: False, EMULATOR: False}),
    "between-turned": Deviation("BETWEEN a larger and a smaller value is refused", {MOTO: False}),
    "size-absent": Deviation("what is absent has no size", {MOTO: "ValueError"}),
    "size-of-number": Deviation("a number has no size", {MOTO: "ValueError"}),
    "undefined-value": Deviation("a value that is not bound is refused", {MOTO: "KeyError"}),
    "undefined-name": Deviation("a name that is not bound is refused", {MOTO: "KeyError"}),
    "half-a-condition": Deviation("a condition that cannot be read is refused", {MOTO: "ValueError"}),
    # updates
    "add-30-digits": Deviation("sums are exact to 38 digits", {MOTO: _ROUNDED, EMULATOR: _ROUNDED}),
    "add-over-38-digits": Deviation(
        "a sum of more digits is refused", {MOTO: {"x": Decimal("1E+38")}, EMULATOR: "Rounded"}
    ),
    "set-below-a-number": Deviation("a path below a number is refused", {MOTO: {"x": 1}}),
    "item-of-400-kb": Deviation("an item may have up to 400 KB", {MOTO: INVALID}),
    "overlap": Deviation("overlapping paths are refused", {EMULATOR: {"x": 2}}),
    "overlap-below": Deviation("paths of which one is below the other are refused", {EMULATOR: {}}),
    "section-twice": Deviation("a section stands once in an expression", {EMULATOR: {"y": 1}}),
    # queries
    "from-after-until": Deviation("a range that ends before it begins is refused", {MOTO: []}),
    "key-in-filter": Deviation(
        "a filter on a key attribute is refused", {MOTO: [10, 20, 30, 40], EMULATOR: [10, 20, 30, 40]}
    ),
    "hour-as-text": Deviation("a key of another type is refused", {MOTO: []}),
    "full-page-is-last": Deviation("a page that is full names a next one, even if nothing follows", {MOTO: False}),
}


def answer(name: str, engine: str, right: Any) -> Any:
    """The outcome to expect of a case: DynamoDB's, or the engine's own where it deviates."""
    deviation = DEVIATIONS.get(name)
    return right if deviation is None else deviation.instead.get(engine, right)
