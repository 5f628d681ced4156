"""The tables that recording writes to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from ledger.usage_events import UsageEvents
from runtime.settings import UsageSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True)
class Stores:
    """``client``: a resource's client (it takes Python values), for the transactions."""

    client: "DynamoDBClient"
    subscribers: Subscribers
    subscribers_table: str
    events: UsageEvents
    records: MeteringRecords

    @classmethod
    def connect(cls, names: UsageSettings) -> Self:
        """The tables that a function's settings name."""
        tables = dynamodb.connect()
        return cls(
            client=tables.meta.client,
            subscribers=Subscribers(tables.Table(names.SUBSCRIBERS_TABLE)),
            subscribers_table=names.SUBSCRIBERS_TABLE,
            events=UsageEvents(tables, names.USAGE_EVENTS_TABLE),
            records=MeteringRecords(tables, names.METERING_RECORDS_TABLE, int(names.PENDING_SHARDS)),
        )
