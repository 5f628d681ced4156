"""What an update makes of an item."""

from decimal import Decimal
from typing import Any

import pytest

from tests.contracts.deviations import INVALID, answer
from tests.contracts.outcomes import new_key, outcome, stored, without_key
from tests.contracts.stores import Ledger

D = Decimal
LONG = D("123456789012345678901234567890")

#: name, item (None: absent), expression, values, the item afterwards or the error
CASES: list[tuple[str, dict[str, Any] | None, str, dict[str, Any], Any]] = [
    ("set", {}, "SET x = :v", {":v": 1}, {"x": 1}),
    ("set-creates", None, "SET x = :v", {":v": 1}, {"x": 1}),
    ("set-empty", {}, "SET x = :v, y = :w", {":v": "", ":w": {}}, {"x": "", "y": {}}),
    ("sum", {"x": D("0.1")}, "SET x = x + :v", {":v": D("0.2")}, {"x": D("0.3")}),
    ("sum-of-absent", {}, "SET x = x + :v", {":v": 1}, INVALID),
    ("copy-of-absent", {}, "SET x = y", {}, INVALID),
    ("if-not-exists", {"y": 5}, "SET x = if_not_exists(x, :v), y = if_not_exists(y, :v)", {":v": 1}, {"x": 1, "y": 5}),
    ("all-see-the-old", {"x": 1, "y": 2}, "SET x = y, y = x", {}, {"x": 2, "y": 1}),
    ("append", {"x": [1]}, "SET x = list_append(x, :v)", {":v": [2]}, {"x": [1, 2]}),
    ("set-below", {"x": {"y": 1}}, "SET x.z = :v", {":v": 2}, {"x": {"y": 1, "z": 2}}),
    ("set-below-absent", {}, "SET x.y = :v", {":v": 1}, INVALID),
    ("set-below-a-number", {"x": 1}, "SET x.y = :v", {":v": 1}, INVALID),
    ("remove", {"x": 1, "y": 2}, "REMOVE x, z", {}, {"y": 2}),
    ("remove-below", {"x": {"y": 1, "z": 2}}, "REMOVE x.y", {}, {"x": {"z": 2}}),
    ("add-to-absent", {}, "ADD x :v", {":v": D("2.5")}, {"x": D("2.5")}),
    ("add-creates", None, "ADD x :v", {":v": 1}, {"x": 1}),
    ("add-decimals", {"x": D("0.1")}, "ADD x :v", {":v": D("0.2")}, {"x": D("0.3")}),
    ("add-30-digits", {"x": LONG}, "ADD x :v", {":v": D("0.5")}, {"x": D(f"{LONG}.5")}),
    ("add-over-38-digits", {"x": D("9" * 38)}, "ADD x :v", {":v": D("0.1")}, INVALID),
    ("add-to-text", {"x": "a"}, "ADD x :v", {":v": 1}, INVALID),
    ("add-text", {}, "ADD x :v", {":v": "a"}, INVALID),
    ("add-set", {"x": {"a"}}, "ADD x :v", {":v": {"b"}}, {"x": {"a", "b"}}),
    ("add-set-to-absent", {}, "ADD x :v", {":v": {"b"}}, {"x": {"b"}}),
    ("add-set-again", {"x": {"a"}}, "ADD x :v", {":v": {"a"}}, {"x": {"a"}}),
    ("add-set-of-another-type", {"x": {"a"}}, "ADD x :v", {":v": {1}}, INVALID),
    ("delete", {"x": {"a", "b"}}, "DELETE x :v", {":v": {"a", "c"}}, {"x": {"b"}}),
    ("delete-the-last", {"x": {"a"}, "y": 1}, "DELETE x :v", {":v": {"a"}}, {"y": 1}),
    ("delete-from-absent", {"y": 1}, "DELETE x :v", {":v": {"a"}}, {"y": 1}),
    ("no-empty-set", {}, "SET x = :v", {":v": set()}, INVALID),
    ("all-sections", {"x": 1, "y": 2, "s": {"a"}}, "SET z = :v ADD x :v DELETE s :s REMOVE y", {":v": 1, ":s": {"a"}},
     {"x": 2, "z": 1}),
    ("overlap", {"x": 1}, "SET x = :v ADD x :v", {":v": 1}, INVALID),
    ("overlap-below", {"x": {"y": 1}}, "SET x.y = :v REMOVE x", {":v": 1}, INVALID),
    ("section-twice", {}, "SET x = :v SET y = :v", {":v": 1}, INVALID),
    ("key-attribute", {}, "SET customerIdentifier = :v", {":v": "b"}, INVALID),
    ("item-of-400-kb", {}, "SET x = :v", {":v": "x" * 409_000}, {"x": "x" * 409_000}),
    ("item-over-400-kb", {"y": "y" * 300_000}, "SET x = :v", {":v": "x" * 200_000}, INVALID),
]  # fmt: skip


@pytest.mark.parametrize(("name", "item", "change", "values", "right"), CASES, ids=[case[0] for case in CASES])
def test_an_update(
    made: Ledger,
    engine: str,
    name: str,
    item: dict[str, Any] | None,
    change: str,
    values: dict[str, Any],
    right: Any,
) -> None:
    key = new_key()
    if item is not None:
        made.state_items.put_item(Item={**key, **item})
    request: dict[str, Any] = {"Key": key, "UpdateExpression": change, "ReturnValues": "ALL_NEW"}
    if values:
        request["ExpressionAttributeValues"] = values
    found = outcome(lambda: without_key(made.state_items.update_item(**request)["Attributes"], key))
    assert found == answer(name, engine, right)
    if found == right:
        assert stored(made, key) == (found if isinstance(found, dict) else item)


#: what ReturnValues says of ``SET x = :v`` on an item with x = 0 and y = 0
RETURNED = {
    "NONE": {},
    "ALL_OLD": {"x": 0, "y": 0},
    "ALL_NEW": {"x": 1, "y": 0},
    "UPDATED_OLD": {"x": 0},
    "UPDATED_NEW": {"x": 1},
}


@pytest.mark.parametrize("returned", RETURNED)
def test_what_an_update_returns(made: Ledger, returned: Any) -> None:
    key = new_key()
    made.state_items.put_item(Item={**key, "x": 0, "y": 0})
    answered = made.state_items.update_item(
        Key=key, UpdateExpression="SET x = :v", ExpressionAttributeValues={":v": 1}, ReturnValues=returned
    )
    assert without_key(answered.get("Attributes", {}), key) == RETURNED[returned]


@pytest.mark.parametrize(
    ("value", "error"), [(1.5, TypeError), ({1, "a"}, TypeError), (object(), TypeError), (D("NaN"), TypeError)]
)
def test_values_that_no_table_holds(made: Ledger, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        made.state_items.put_item(Item={**new_key(), "x": value})


def test_values_come_back_as_the_resource_has_them(made: Ledger) -> None:
    key = new_key()
    given: dict[str, Any] = {
        "int": 1, "decimal": D("2.5"), "text": "é", "true": True, "none": None, "list": [1, {"a": "b"}],
        "numbers": {1, D("2.5")}, "texts": {"a", "b"}, "tuple": (1, 2),
    }  # fmt: skip
    made.state_items.put_item(Item={**key, **given})
    found = stored(made, key)
    assert found == {**given, "tuple": [1, 2]}
    assert {name: type(value) for name, value in found.items()} == {
        "int": Decimal, "decimal": Decimal, "text": str, "true": bool, "none": type(None), "list": list,
        "numbers": set, "texts": set, "tuple": list,
    }  # fmt: skip


def test_stored_items_do_not_change_with_the_callers_objects(made: Ledger) -> None:
    key = new_key()
    given: dict[str, Any] = {**key, "map": {"list": [1]}, "set": {"a"}}
    made.state_items.put_item(Item=given)
    given["map"]["list"].append(2)
    given["set"].add("b")
    got: Any = stored(made, key)
    got["map"]["list"].append(3)
    got["set"].add("c")
    assert stored(made, key) == {"map": {"list": [1]}, "set": {"a"}}
