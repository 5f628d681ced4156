"""What an ItemUpdate sends: one clause of each kind, every name and value through a placeholder."""

from ledger.item_update import ItemUpdate

KEY = {"customerIdentifier": "c"}


def test_clauses_and_conditions_are_one_request() -> None:
    change = ItemUpdate("records", KEY)
    change.set({"state": "open"}).add({"version": 1}).delete({"attempts": {"a"}}).remove("pending", "failed")
    change.when(change.equals("state", "closing")).when(change.absent_or("rank", "1 = 1"), change.exists("state"))
    assert change.operation() == {
        "Update": {
            "TableName": "records",
            "Key": KEY,
            "UpdateExpression": "SET #0 = :0 ADD #1 :1 DELETE #2 :2 REMOVE #3, #4",
            "ConditionExpression": "#0 = :3 AND (attribute_not_exists(#5) OR 1 = 1) AND attribute_exists(#0)",
            "ExpressionAttributeNames": {
                "#0": "state",
                "#1": "version",
                "#2": "attempts",
                "#3": "pending",
                "#4": "failed",
                "#5": "rank",
            },
            "ExpressionAttributeValues": {":0": "open", ":1": 1, ":2": {"a"}, ":3": "closing"},
        }
    }


def test_a_map_is_named_key_by_key_and_a_set_by_its_member() -> None:
    change = ItemUpdate("records", KEY).remove("x")
    assert change.compared("verdict#a.b", "rank", "<=", 2) == "#1.#2 <= :0"
    assert change.contains("attempts", "a") == "contains(#3, :1)"
    request = change.request()
    assert request["ExpressionAttributeNames"] == {"#0": "x", "#1": "verdict#a.b", "#2": "rank", "#3": "attempts"}
    assert request["ExpressionAttributeValues"] == {":0": 2, ":1": "a"}


def test_an_update_without_values_sends_none() -> None:
    assert "ExpressionAttributeValues" not in ItemUpdate("records", KEY).remove("x").request()


def test_version_0_means_that_nobody_has_written() -> None:
    change = ItemUpdate("records", KEY)
    assert (change.unchanged(0), change.unchanged(7)) == ("attribute_not_exists(#0)", "#0 = :0")
