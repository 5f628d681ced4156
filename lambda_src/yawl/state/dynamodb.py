"""The store of one engine's database in the table ``yawl-engines``; ``docs/data-model.md`` lists its items.

Everything that decides money is written in one transaction, on the condition that each entry of what is known has the
version that was read.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ledger import transaction
from ledger.item_update import ItemUpdate
from ledger.reading import every_page, many
from ledger.tables import SCHEMA
from ledger.transaction import Cancelled, Contended, Operation
from runtime.clock import Clock
from yawl import announced_start
from yawl.announced_start import AnnouncedStart
from yawl.reconcile.known import Case, Known, Segment, packed, unpacked
from yawl.state.ports import Anchor, Change, Fault, Health, Message, Overtaken, Parcel, Progress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

#: Beginnings of RANGE keys, and whole ones.
SEGMENTS, CASES, STARTED, OUTBOX = "known#", "case#", "started#", "out#"
HEALTH, FAULT, PROGRESS = "health", "fault", "poll"
#: Seconds for which a day's counts are kept for the audit.
STARTED_KEPT = 40 * 86_400
#: An attribute of a day's counts: a letter, since a name that begins with a digit needs a placeholder everywhere.
_KEY = "k"


class DynamoDBState:
    """An EngineState. Raises botocore's errors where DynamoDB does not answer."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", table_name: str, database: str, clock: Clock) -> None:
        """database: ``Engine.database``."""
        self._table = dynamodb.Table(table_name)
        self._client = dynamodb.meta.client
        self._table_name, self._database, self._clock = table_name, database, clock

    # --- starts -------------------------------------------------------------------------------------------------------

    def known(self) -> Known:
        segments = {
            int(item["item"].removeprefix(SEGMENTS)): Segment(unpacked(item["bits"]), int(item["version"]))
            for item in self._items(SEGMENTS)
        }
        return Known(segments, {item["item"].removeprefix(CASES): _case(item) for item in self._items(CASES)})

    def commit(self, change: Change) -> None:
        operations = [*self._known(change.known), *self._started(change.started)]
        operations += [self._mark(name, expires_at) for name, expires_at in change.marks.items()]
        if change.messages:
            operations.append(self._outbox(change.messages))
        if not operations:
            return
        try:
            transaction.write(self._client, operations)
        except (Cancelled, Contended) as error:
            raise Overtaken("another reading has committed meanwhile") from error

    def marked(self, names: Iterable[str]) -> set[str]:
        keys = ({"engine": self._database, "item": name} for name in names)
        return {str(item["item"]) for item in many(self._client, self._table_name, keys)}

    def started(self, day: str) -> Mapping[int, int]:
        item = self._get(STARTED + day)
        return {int(name.removeprefix(_KEY)): int(n) for name, n in item.items() if name[len(_KEY) :].isdigit()}

    def _known(self, known: Known) -> Iterator[Operation]:
        for position, segment in known.segments.items():
            change = self._update(f"{SEGMENTS}{position:012d}")
            values = {"bits": packed(segment.bits), "version": segment.version + 1}
            yield change.when(change.unchanged(segment.version)).set(values).operation()
        for name, case in known.cases.items():
            change = self._update(CASES + name)
            change.when(change.unchanged(case.version))
            change.set({"count": case.count, "givenUp": case.given_up, "version": case.version + 1})
            if case.net_instances:
                change.set({"netInstances": set(case.net_instances)})
            yield change.operation()

    def _started(self, started: Mapping[tuple[str, int], int]) -> Iterator[Operation]:
        expires_at = int(self._clock()) + STARTED_KEPT
        for day in sorted({day for day, _ in started}):
            numbers = {f"{_KEY}{key}": number for (of_day, key), number in started.items() if of_day == day}
            yield self._update(STARTED + day).set({"expiresAt": expires_at}).add(numbers).operation()

    def _mark(self, name: str, expires_at: int) -> Operation:
        item = {"engine": self._database, "item": name, "schema": SCHEMA, "expiresAt": expires_at}
        return {
            "Put": {"TableName": self._table_name, "Item": item, "ConditionExpression": "attribute_not_exists(engine)"}
        }

    # --- the outbox ---------------------------------------------------------------------------------------------------

    def unsent(self) -> Sequence[Parcel]:
        return [_parcel(item) for item in self._items(OUTBOX)]

    def sent(self, parcel: Parcel) -> None:
        key = {"engine": self._database, "item": f"{OUTBOX}{parcel.committed_ms:013d}#{parcel.id}"}
        self._table.delete_item(Key=key)

    def oldest_unsent_ms(self) -> int | None:
        """When the oldest messages that are not known to be sent were committed; None where all are sent."""
        page = self._table.query(**self._condition("begins_with(#item, :first)", {":first": OUTBOX}), Limit=1)
        return next((int(str(item["item"]).split("#")[1]) for item in page["Items"]), None)

    def _outbox(self, messages: Iterable[Message]) -> Operation:
        item = {
            "engine": self._database,
            "item": f"{OUTBOX}{int(self._clock() * 1000):013d}#{uuid.uuid4()}",
            "schema": SCHEMA,
            "messages": [message._asdict() for message in messages],
        }
        return {"Put": {"TableName": self._table_name, "Item": item}}

    # --- announcements ------------------------------------------------------------------------------------------------

    def announced(self, first_ms: int, last_ms: int) -> Iterator[AnnouncedStart]:
        first, last = (f"{announced_start.PREFIX}{at_ms:013d}" for at_ms in (first_ms, last_ms + 1))
        # A key has more behind its time: none is equal to the bound, so the last millisecond is whole.
        for item in self._query("#item BETWEEN :first AND :last", {":first": first, ":last": last}):
            yield AnnouncedStart.from_item(item)

    # --- how far, and how well ----------------------------------------------------------------------------------------

    def progress(self) -> Progress:
        item = self._get(PROGRESS)
        anchor, checkpoint = item.get("anchor"), item.get("checkpoint")
        return Progress(
            anchor=Anchor(anchor["caseId"], int(anchor["netInstance"]), int(anchor["atMs"])) if anchor else None,
            floor=int(item["floor"]) if "floor" in item else None,
            checkpoint=(int(checkpoint[0]), int(checkpoint[1])) if checkpoint else None,
            hints_until=int(item.get("hintsUntil", 0)),
            users_until=int(item.get("usersUntil", 0)),
            audited_day=item.get("auditedDay", ""),
            services={int(key): name for key, name in item.get("services", {}).items()},
            waiting={case_id: int(at_ms) for case_id, at_ms in item.get("waiting", ())},
        )

    def advance(self, **fields: Any) -> None:
        values = dict(_stored(name, value) for name, value in fields.items())
        self._change(self._update(PROGRESS).set(values))

    def fault(self) -> Fault | None:
        item = self._get(FAULT)
        return Fault(item["reason"], int(item["at"]), item["stops"]) if item else None

    def stop(self, fault: Fault) -> None:
        self._change(self._update(FAULT).set({"reason": fault.reason, "at": fault.at_ms, "stops": fault.stops}))
        self._change(self._update(PROGRESS).remove("anchor"))

    def health(self) -> Health:
        item = self._get(HEALTH)
        announced, polled = (item.get(name) for name in ("lastAnnouncementAt", "lastGoodPollAt"))
        return Health(None if announced is None else int(announced), None if polled is None else int(polled))

    def polled(self, at_ms: int, fault: str | None) -> None:
        change = self._update(HEALTH)
        if fault is None:
            self._change(change.set({"lastGoodPollAt": at_ms}).remove("lastPollFault"))
        else:
            self._change(change.set({"lastPollFault": fault, "lastPollFaultAt": at_ms}))

    def watched_since(self, now_ms: int) -> int:
        """When this was asked for the first time: since when somebody waits for the engine's first sign of life."""
        item = self._get(HEALTH)
        if "watchedSince" not in item:
            change = self._update(HEALTH)
            self._change(change.when(change.absent("watchedSince")).set({"watchedSince": now_ms}))
        return int(item.get("watchedSince", now_ms))

    # --- DynamoDB -----------------------------------------------------------------------------------------------------

    def _update(self, item: str) -> ItemUpdate:
        change = ItemUpdate(self._table_name, {"engine": self._database, "item": item})
        return change.set({"schema": SCHEMA})

    def _change(self, change: ItemUpdate) -> None:
        transaction.update(self._table, **change.request())

    def _get(self, item: str) -> Mapping[str, Any]:
        key = {"engine": self._database, "item": item}
        return self._table.get_item(Key=key, ConsistentRead=True).get("Item", {})

    def _items(self, beginning: str) -> Iterator[Mapping[str, Any]]:
        return self._query("begins_with(#item, :beginning)", {":beginning": beginning})

    def _query(self, condition: str, values: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        return every_page(self._table.query, **self._condition(condition, values))

    def _condition(self, condition: str, values: Mapping[str, str]) -> dict[str, Any]:
        return {
            "KeyConditionExpression": f"engine = :engine AND {condition}",
            "ExpressionAttributeNames": {"#item": "item"},
            "ExpressionAttributeValues": {":engine": self._database, **values},
            "ConsistentRead": True,
        }


def _case(item: Mapping[str, Any]) -> Case:
    keys = frozenset(map(int, item.get("netInstances", ())))
    return Case(int(item["count"]), keys, int(item["version"]), int(item.get("givenUp", 0)))


def _parcel(item: Mapping[str, Any]) -> Parcel:
    committed_ms, parcel_id = item["item"].removeprefix(OUTBOX).split("#", 1)
    return Parcel(parcel_id, int(committed_ms), tuple(Message(**message) for message in item["messages"]))


def _stored(name: str, value: Any) -> tuple[str, Any]:
    """A field of ``Progress`` as an attribute: its name, and a value that DynamoDB takes."""
    if isinstance(value, Anchor):
        return name, {"caseId": value.case_id, "netInstance": value.net_instance, "atMs": value.at_ms}
    if name == "services":
        return name, {str(key): service for key, service in value.items()}
    if name == "waiting":
        # A list, not a map: a case id may be empty, which no name of an attribute is.
        return name, [[case_id, at_ms] for case_id, at_ms in value.items()]
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest)), list(value) if isinstance(value, tuple) else value
