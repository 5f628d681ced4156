"""Reads that take several requests: every page of a query, many items by key, and an index of metering records.

The pending index is read page by page, so that a run over many hours reads each key once: a page continues in each
shard where the last one ended. DynamoDB continues behind a cursor's record whether or not it still is in the index
(Query, ``ExclusiveStartKey``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ledger.tables import PENDING_INDEX, Index

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

#: BatchGetItem takes at most this many keys (DynamoDB quotas).
AT_ONCE = 100

#: ``timestamp`` is a reserved word of expressions.
HOUR_NAME = {"#hour": "timestamp"}

#: Names a metering record: customer, hour.
RecordKey = tuple[str, int]
#: The last record that was taken of a shard, customer and hour; empty: the shard's beginning.
Cursor = Sequence[Any]


def every_page(query: Callable[..., Mapping[str, Any]], **request: Any) -> Iterator[Mapping[str, Any]]:
    """Items of a query, in its order. A page ends at 1 MB, and may be empty."""
    while True:
        page = query(**request)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def many(client: Any, table_name: str, keys: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Items by key, strongly consistent, in no order; absent ones are left out. The keys must differ.

    DynamoDB answers some of the keys at a time (``UnprocessedKeys``); the others are asked for again.
    """
    todo = iter(keys)
    while chunk := list(islice(todo, AT_ONCE)):
        request: dict[str, Any] = {table_name: {"Keys": chunk, "ConsistentRead": True}}
        while request:
            answer = client.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table_name, ())
            request = dict(answer.get("UnprocessedKeys", {}))


def index_keys(
    table: "Table", index: Index, value: str, last_hour: int, cursor: Cursor = (), limit: int | None = None
) -> Iterator[RecordKey]:
    """Keys under one value of the index up to an hour (included), oldest first. limit: keys that one query reads."""
    query: dict[str, Any] = {
        "IndexName": index.name,
        "KeyConditionExpression": f"{index.hash.name} = :value AND #hour <= :last",
        "ExpressionAttributeNames": HOUR_NAME,
        "ExpressionAttributeValues": {":value": value, ":last": last_hour},
    }
    if limit is not None:
        query["Limit"] = limit
    if cursor:
        query["ExclusiveStartKey"] = {"customerIdentifier": cursor[0], "timestamp": cursor[1], index.hash.name: value}
    for item in every_page(table.query, **query):
        yield str(item["customerIdentifier"]), int(item["timestamp"])


def next_page(
    table: "Table",
    cursors: Iterable[str] | Mapping[str, Cursor],
    last_hour: int,
    *,
    fits: Callable[[RecordKey], bool],
    read: int,
) -> tuple[list[RecordKey], dict[str, Cursor]]:
    """Keys of the pending index, oldest hour first, as long as they fit, and the cursors of the next page.

    cursors: the shards' values to begin with, or the cursors of the page before. read: keys that one query reads. A
    shard that has no more keys is left out, so no cursors mean that this was the last page.
    """
    begin = dict(cursors) if isinstance(cursors, Mapping) else dict.fromkeys(cursors, ())
    open_shards = dict(begin)

    def shard(value: str, cursor: Cursor) -> Iterator[tuple[int, str, str]]:
        for customer, hour in index_keys(table, PENDING_INDEX, value, last_hour, cursor, read):
            yield hour, customer, value
        del open_shards[value]

    taken: list[RecordKey] = []
    # Only hours are compared: within an hour the index has an order of its own, and cursors follow that.
    for hour, customer, value in merge(*(shard(*each) for each in begin.items()), key=itemgetter(0)):
        if not fits((customer, hour)):
            return taken, open_shards
        taken.append((customer, hour))
        open_shards[value] = (customer, hour)
    return taken, {}
