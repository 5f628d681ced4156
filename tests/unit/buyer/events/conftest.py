"""The function ``tell-events`` on tables in memory, fed with what their streams say, and what it sends."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from buyer.events.outlets import Outlets
from buyer.handlers import tell_events
from ledger import tables
from ledger.subscriber_change import to_message
from local.dynamodb.declared_tables import TABLE_SETTINGS
from local.dynamodb.store import MemoryDynamoDB
from local.dynamodb.stream import Streams
from marketplace.dimensions import Dimension
from tests.products import sold
from tests.unit.buyer.events.published import checked
from tests.unit.buyer.events.rows import END, Row
from tests.unit.buyer.events.test_of_allowance import TIERS
from tests.unit.messages import Context

#: Those of ``TIERS``.
DIMENSIONS = {name: Dimension(name=name, unit="u") for name in ("calls", "users", "gigabytes")}
QUEUE = "https://queues/events.fifo"


class Down(ClientError):
    """A service that does not answer."""

    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ServiceUnavailable", "Message": ""}}, "PutEvents")


@dataclass
class Sent:
    """EventBridge and SQS. refuses: so many requests to the bus from now on are refused."""

    on_bus: list[Row] = field(default_factory=list)
    in_queue: list[Row] = field(default_factory=list)
    requests: list[list[Row]] = field(default_factory=list)
    refuses: int = 0
    fails: int = 0

    def put_events(self, *, Entries: list[Row]) -> Row:
        self.requests.append(Entries)
        if self.fails:
            self.fails -= 1
            raise Down
        if self.refuses:
            self.refuses -= 1
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}, {"EventId": "e"}]}
        for entry in Entries:
            document = checked(json.loads(entry["Detail"]))
            assert (entry["Source"], entry["DetailType"]) == ("yawl.marketplace", document["type"])
            assert entry["EventBusName"] == "bus"
            self.on_bus.append(document)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in Entries]}

    def send_message(self, **message: Any) -> None:
        self.in_queue.append(message)

    def taken(self) -> list[Row]:
        """What came to the bus since the last look."""
        found, self.on_bus = self.on_bus, []
        return found


@dataclass
class Stage:
    """Tables whose changes reach the function, and where its events go."""

    memory: MemoryDynamoDB
    streams: Streams
    sent: Sent

    def put(self, table: tables.Table, item: Row) -> None:
        """Write an item as it shall be."""
        self.memory.Table(table.name).put_item(Item=item)

    def pass_on(self, times: int = 1) -> list[Any]:
        """Deliver all changes since the last time, each so often, and return the function's answers."""
        answers = []
        for record in self.streams.take(tables.SUBSCRIBERS):
            body = to_message(record["dynamodb"])
            key = record["dynamodb"]["Keys"]["customerIdentifier"]["S"]
            attributes = {"SentTimestamp": "0", "MessageGroupId": key}
            message = {"messageId": "m", "body": body, "attributes": attributes, "eventSource": "aws:sqs"}
            answers += [self.call({"Records": [message]}) for _ in range(times)]
        for record in self.streams.take(tables.STATE):
            if record["dynamodb"]["Keys"]["item"]["S"] == "balance":
                answers += [self.call({"Records": [record]}) for _ in range(times)]
        return answers

    @staticmethod
    def call(event: Row) -> Any:
        return tell_events.handler(event, Context())


@pytest.fixture
def stage(dynamodb: MemoryDynamoDB, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage with contracts and the tiers of ``test_of_allowance``."""
    sent = Sent()
    settings = {
        **TABLE_SETTINGS,
        "PRODUCTS": sold(DIMENSIONS, code="prod-1", pricing_model="contract-with-consumption", tiers=TIERS).to_json(),
        "THRESHOLDS": "50",
        "EVENT_BUS": "bus",
        "EVENT_QUEUE_URLS": QUEUE,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def connect(bus_name: str, queue_urls: list[str]) -> Outlets:
        return Outlets(sent, sent, bus_name, queue_urls)

    monkeypatch.setattr(Outlets, "connect", connect)
    tell_events.teller.cache_clear()
    return Stage(dynamodb, Streams(dynamodb, [tables.SUBSCRIBERS, tables.STATE], lambda: float(END - 3600)), sent)
