"""What a condition says of an item: the meaning that every store's conditions rest on."""

from typing import Any

import pytest

from tests.contracts.deviations import INVALID, answer
from tests.contracts.outcomes import new_key, outcome, stored
from tests.contracts.stores import Ledger

#: name, item, condition, values, whether it holds or the error
CASES: list[tuple[str, dict[str, Any], str, dict[str, Any], Any]] = [
    ("equal", {"x": 1}, "x = :v", {":v": 1}, True),
    ("equal-other", {"x": 1}, "x = :v", {":v": 2}, False),
    ("equal-absent", {}, "x = :v", {":v": 1}, False),
    ("unequal-absent", {}, "x <> :v", {":v": 1}, True),
    ("not-equal-absent", {}, "NOT x = :v", {":v": 1}, True),
    ("less", {"x": 1}, "x < :v", {":v": 2}, True),
    ("less-absent", {}, "x < :v", {":v": 2}, False),
    ("less-of-another-type", {"x": "a"}, "x < :v", {":v": 1}, False),
    ("true-is-not-one", {"x": True}, "x = :v", {":v": 1}, False),
    ("no-order-of-booleans", {"x": True}, "x < :v", {":v": True}, INVALID),
    ("between", {"x": 2}, "x BETWEEN :v AND :w", {":v": 1, ":w": 2}, True),
    ("between-turned", {"x": 2}, "x BETWEEN :v AND :w", {":v": 3, ":w": 1}, INVALID),
    ("in", {"x": 2}, "x IN (:v, :w)", {":v": 1, ":w": 2}, True),
    ("in-absent", {}, "x IN (:v, :w)", {":v": 1, ":w": 2}, False),
    ("or-and", {"x": 1}, "x = :v OR x = :w AND x = :v", {":v": 1, ":w": 2}, True),
    ("not-binds-closest", {"x": 3}, "NOT x = :v AND x = :w", {":v": 1, ":w": 2}, False),
    ("groups", {"x": 1}, "(x = :v OR x = :w) AND attribute_exists(x)", {":v": 1, ":w": 2}, True),
    ("small-letters", {"x": 1}, "x = :v and not x = :w", {":v": 1, ":w": 2}, True),
    ("exists", {"x": None}, "attribute_exists(x) AND attribute_not_exists(y)", {}, True),
    ("exists-below", {"x": {"y": 1}}, "attribute_exists(x.y) AND attribute_not_exists(x.z)", {}, True),
    ("below-an-absent-one", {}, "attribute_not_exists(x.y)", {}, True),
    # settling: a verdict's rank (ledger.settlement)
    ("rank-lower", {"x": {"y": 1}}, "attribute_not_exists(x) OR x.y < :v", {":v": 2}, True),
    ("rank-equal", {"x": {"y": 2}}, "attribute_not_exists(x) OR x.y < :v", {":v": 2}, False),
    ("rank-absent", {}, "attribute_not_exists(x) OR x.y < :v", {":v": 2}, True),
    ("rank-in-a-number", {"x": 1}, "attribute_not_exists(x) OR x.y < :v", {":v": 2}, False),
    # attempts: sets
    ("contains", {"x": {"a", "b"}}, "contains(x, :v)", {":v": "a"}, True),
    ("contains-not", {"x": {"a", "b"}}, "contains(x, :v)", {":v": "c"}, False),
    ("contains-absent", {}, "contains(x, :v)", {":v": "c"}, False),
    ("contains-in-list", {"x": [1, "a"]}, "contains(x, :v)", {":v": 1}, True),
    ("contains-in-text", {"x": "abc"}, "contains(x, :v)", {":v": "bc"}, True),
    ("size-of-set", {"x": {"a", "b"}}, "size(x) = :v", {":v": 2}, True),
    ("size-of-text", {"x": "abc"}, "size(x) > :v", {":v": 2}, True),
    ("size-absent", {}, "size(x) = :v", {":v": 0}, False),
    ("size-of-number", {"x": 5}, "size(x) = :v", {":v": 1}, False),
    ("sets-equal", {"x": {1, 2}}, "x = :v", {":v": {2, 1}}, True),
    ("maps-equal", {"x": {"y": [1, "a"]}}, "x = :v", {":v": {"y": [1, "a"]}}, True),
    ("begins", {"x": "abc"}, "begins_with(x, :v)", {":v": "ab"}, True),
    ("begins-absent", {}, "begins_with(x, :v)", {":v": "ab"}, False),
    ("two-attributes", {"x": 1, "y": 1}, "x = y", {}, True),
    # faults of ours
    ("reserved-word", {}, "attribute_not_exists(state)", {}, INVALID),
    ("unused-value", {"x": 1}, "x = :v", {":v": 1, ":w": 2}, INVALID),
    ("undefined-value", {"x": 1}, "x = :v OR x = :w", {":v": 1}, INVALID),
    ("undefined-name", {"x": 1}, "#x = :v", {":v": 1}, INVALID),
    ("half-a-condition", {"x": 1}, "x = ", {}, INVALID),
]


@pytest.mark.parametrize(("name", "item", "condition", "values", "right"), CASES, ids=[case[0] for case in CASES])
def test_a_condition(
    made: Ledger, engine: str, name: str, item: dict[str, Any], condition: str, values: dict[str, Any], right: Any
) -> None:
    key = new_key()
    before = {**item, "there": True}
    made.state_items.put_item(Item={**key, **before})
    request: dict[str, Any] = {
        "Key": key, "UpdateExpression": "SET hit = :hit", "ConditionExpression": condition,
        "ExpressionAttributeValues": {**values, ":hit": True},
    }  # fmt: skip
    found = outcome(lambda: made.state_items.update_item(**request) and True)
    found = False if found == "ConditionalCheckFailedException" else found
    assert found == answer(name, engine, right)
    assert stored(made, key) == (before if found is not True else {**before, "hit": True})
