"""What reads give: keys and their order, pages, projections, batches."""

from collections.abc import Callable
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key

from ledger.tables import METERING_RECORDS, PENDING_INDEX
from tests.contracts.deviations import INVALID, answer
from tests.contracts.outcomes import outcome
from tests.contracts.stores import Ledger

CUSTOMER = Key("customerIdentifier").eq("c")
TIME = Key("timestamp")
PENDING = Key("meteringPending").eq("true")
INDEX = {"IndexName": PENDING_INDEX.name}


@pytest.fixture(scope="module")
def hours(made: Ledger) -> Any:
    """Five pending hours (0, 10 … 40) of one customer and one of each of three others, at 5."""
    made.clear()
    with made.record_items.batch_writer() as batch:
        for hour in (30, 0, 20, 40, 10):
            batch.put_item(Item={"customerIdentifier": "c", "timestamp": hour, "meteringPending": "true", "n": hour})
        for number in range(3):
            batch.put_item(Item={"customerIdentifier": f"o{number}", "timestamp": 5, "meteringPending": "true"})
        batch.put_item(Item={"customerIdentifier": "ended", "timestamp": 10})
    return made.record_items


#: name, request of Query, the hours found or the error
CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("all", {"KeyConditionExpression": CUSTOMER}, [0, 10, 20, 30, 40]),
    ("backwards", {"KeyConditionExpression": CUSTOMER, "ScanIndexForward": False, "Limit": 2}, [40, 30]),
    ("one", {"KeyConditionExpression": CUSTOMER & TIME.eq(10)}, [10]),
    ("before", {"KeyConditionExpression": CUSTOMER & TIME.lt(20)}, [0, 10]),
    ("until", {"KeyConditionExpression": CUSTOMER & TIME.lte(20)}, [0, 10, 20]),
    ("after", {"KeyConditionExpression": CUSTOMER & TIME.gt(20)}, [30, 40]),
    ("from", {"KeyConditionExpression": CUSTOMER & TIME.gte(20)}, [20, 30, 40]),
    ("from-until", {"KeyConditionExpression": CUSTOMER & TIME.between(10, 30)}, [10, 20, 30]),
    ("nobody", {"KeyConditionExpression": Key("customerIdentifier").eq("nobody")}, []),
    ("from-after-until", {"KeyConditionExpression": CUSTOMER & TIME.between(30, 10)}, INVALID),
    ("start-after", {"KeyConditionExpression": CUSTOMER,
                     "ExclusiveStartKey": {"customerIdentifier": "c", "timestamp": 20}}, [30, 40]),
    ("start-after-what-is-gone", {"KeyConditionExpression": CUSTOMER,
                                  "ExclusiveStartKey": {"customerIdentifier": "c", "timestamp": 15}}, [20, 30, 40]),
    ("as-text", {"KeyConditionExpression": "customerIdentifier = :c AND #t > :t",
                 "ExpressionAttributeNames": {"#t": "timestamp"},
                 "ExpressionAttributeValues": {":c": "c", ":t": 20}}, [30, 40]),
    ("filter", {"KeyConditionExpression": CUSTOMER, "FilterExpression": Attr("n").gt(20)}, [30, 40]),
    ("index-until", {"KeyConditionExpression": PENDING & TIME.lte(10), **INDEX}, [0, 5, 5, 5, 10]),
    ("index-is-sparse", {"KeyConditionExpression": PENDING, **INDEX}, [0, 5, 5, 5, 10, 20, 30, 40]),
    ("no-consistent-index", {"KeyConditionExpression": PENDING, "ConsistentRead": True, **INDEX}, INVALID),
    ("key-in-filter", {"KeyConditionExpression": CUSTOMER, "FilterExpression": Attr("timestamp").gt(2)}, INVALID),
    ("without-hash", {"KeyConditionExpression": TIME.eq(1)}, INVALID),
    ("hour-as-text", {"KeyConditionExpression": CUSTOMER & TIME.eq("10")}, INVALID),
]  # fmt: skip


@pytest.mark.parametrize(("name", "request_", "right"), CASES, ids=[case[0] for case in CASES])
def test_a_query(hours: Any, engine: str, name: str, request_: dict[str, Any], right: Any) -> None:
    found = outcome(lambda: [int(item["timestamp"]) for item in hours.query(**request_)["Items"]])
    assert found == answer(name, engine, right)


def test_an_index_holds_keys_only(hours: Any) -> None:
    items = hours.query(KeyConditionExpression=PENDING & TIME.eq(0), **INDEX)["Items"]
    assert items == [{"customerIdentifier": "c", "timestamp": 0, "meteringPending": "true"}]


@pytest.mark.parametrize("limit", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("forward", [True, False])
def test_pages_give_everything_once(hours: Any, limit: int, forward: bool) -> None:
    request = {"KeyConditionExpression": PENDING, "Limit": limit, "ScanIndexForward": forward, **INDEX}
    pages = list(_pages(hours.query, request))
    found = [(item["customerIdentifier"], int(item["timestamp"])) for page in pages for item in page["Items"]]
    assert [hour for _, hour in found] == sorted([0, 5, 5, 5, 10, 20, 30, 40], reverse=not forward)
    assert len(set(found)) == 8
    assert all(page["Count"] <= limit for page in pages)


def _pages(read: Callable[..., Any], request: dict[str, Any]) -> Any:
    while True:
        page = read(**request)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        request = {**request, "ExclusiveStartKey": page["LastEvaluatedKey"]}


def test_a_full_page_does_not_know_that_it_is_the_last(hours: Any, engine: str) -> None:
    page = hours.query(KeyConditionExpression=CUSTOMER, Limit=5)
    assert ("LastEvaluatedKey" in page) == answer("full-page-is-last", engine, True)


def test_a_filter_does_not_lengthen_a_page(hours: Any) -> None:
    page = hours.query(KeyConditionExpression=CUSTOMER, FilterExpression=Attr("n").gt(5), Limit=2)
    assert (page["Count"], page["ScannedCount"]) == (1, 2)
    assert page["LastEvaluatedKey"] == {"customerIdentifier": "c", "timestamp": 10}


def test_a_scan_finds_everything_once(hours: Any) -> None:
    found = [
        (item["customerIdentifier"], int(item["timestamp"]))
        for page in _pages(hours.scan, {"Limit": 2})
        for item in page["Items"]
    ]
    assert len(found) == len(set(found)) == 9


def test_a_page_ends_at_a_megabyte(ledger: Ledger) -> None:
    for number in range(4):
        ledger.state_items.put_item(Item={"customerIdentifier": "c", "item": str(number), "filler": "x" * 390_000})
    pages = list(_pages(ledger.state_items.query, {"KeyConditionExpression": CUSTOMER}))
    assert len(pages) == 2
    assert [item["item"] for page in pages for item in page["Items"]] == ["0", "1", "2", "3"]


def test_text_keys_are_in_the_order_of_their_bytes(ledger: Ledger) -> None:
    for item in ("é", "a", "b", "Z", "ab", "a#"):
        ledger.state_items.put_item(Item={"customerIdentifier": "c", "item": item})
    found = ledger.state_items.query(KeyConditionExpression=CUSTOMER)["Items"]
    assert [item["item"] for item in found] == ["Z", "a", "a#", "ab", "b", "é"]
    found = ledger.state_items.query(KeyConditionExpression=CUSTOMER & Key("item").begins_with("a"))["Items"]
    assert [item["item"] for item in found] == ["a", "a#", "ab"]


@pytest.mark.parametrize(
    ("projection", "right"),
    [
        ("x", {"x": 1}),
        ("x, z", {"x": 1}),
        ("#i", {"item": "a"}),
        ("y.w", {"y": {"w": 2}}),
        ("x, y.w, l[1]", {"x": 1, "y": {"w": 2}, "l": [2]}),
        ("z", {}),
    ],
)
def test_a_projection(ledger: Ledger, projection: str, right: dict[str, Any]) -> None:
    key = {"customerIdentifier": "c", "item": "a"}
    ledger.state_items.put_item(Item={**key, "x": 1, "y": {"w": 2, "v": 3}, "l": [1, 2]})
    names: dict[str, Any] = {"ExpressionAttributeNames": {"#i": "item"}} if "#i" in projection else {}
    found = ledger.state_items.get_item(Key=key, ProjectionExpression=projection, **names)["Item"]
    assert found == right


def test_a_batch_takes_a_hundred_different_keys(ledger: Ledger) -> None:
    keys = [{"customerIdentifier": "c", "timestamp": number} for number in range(101)]
    with ledger.record_items.batch_writer() as batch:
        for key in keys[:50]:
            batch.put_item(Item=key)

    def read(some: list[dict[str, Any]]) -> Any:
        request: Any = {METERING_RECORDS.name: {"Keys": some, "ConsistentRead": True}}
        found = ledger.dynamodb.batch_get_item(RequestItems=request)
        assert not found["UnprocessedKeys"]
        return sorted(int(item["timestamp"]) for item in found["Responses"][METERING_RECORDS.name])  # type: ignore

    assert read(keys[:100]) == list(range(50))
    assert outcome(lambda: read(keys)) == INVALID
    assert outcome(lambda: read([keys[0], keys[0]])) == INVALID


def test_what_is_expired_stays_for_a_while(ledger: Ledger) -> None:
    """No engine here removes what its time to live has ended for, and DynamoDB may take days."""
    key = {"customerIdentifier": "c", "eventId": "e"}
    ledger.event_items.put_item(Item={**key, "expiresAt": 1})
    assert "Item" in ledger.event_items.get_item(Key=key)


@pytest.mark.parametrize("key", [{"item": "a"}, {"customerIdentifier": "c", "item": "a", "more": 1}, {}])
def test_a_key_is_the_whole_key(ledger: Ledger, key: dict[str, Any]) -> None:
    assert outcome(lambda: ledger.state_items.get_item(Key=key)) == INVALID
