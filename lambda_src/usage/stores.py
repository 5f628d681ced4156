"""The stores that recording writes to; ``usage.assembly`` makes them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from ledger.usage_events import UsageEvents

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True)
class Stores:
    """The tables of recording.

    client: a resource's client (it takes Python values), for the transactions. subscribers_table: its name.
    """

    client: "DynamoDBClient"
    subscribers: Subscribers
    subscribers_table: str
    events: UsageEvents
    records: MeteringRecords
