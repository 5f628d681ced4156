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


def test_a_path_is_named_step_by_step() -> None:
    change = ItemUpdate("records", KEY)
    assert change.name("verdict#a.b", "rank") == "#0.#1"
    assert change.remove("x").request()["ExpressionAttributeNames"] == {"#0": "verdict#a.b", "#1": "rank", "#2": "x"}


def test_an_update_without_values_sends_none() -> None:
    assert "ExpressionAttributeValues" not in ItemUpdate("records", KEY).remove("x").request()


def test_version_0_means_that_nobody_has_written() -> None:
    change = ItemUpdate("records", KEY)
    assert (change.unchanged(0), change.unchanged(7)) == ("attribute_not_exists(#0)", "#0 = :0")
