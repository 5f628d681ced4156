"""Puts together the writer of zero records."""

from typing import TYPE_CHECKING

from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from marketplace.products import Products
from metering.find.put_zero_records import ZeroRecords
from runtime.settings import PutZeroRecordsSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def zero_records(settings: PutZeroRecordsSettings, dynamodb: "DynamoDBServiceResource") -> ZeroRecords:
    """The writer of zero records."""
    return ZeroRecords(
        client=dynamodb.meta.client,
        subscribers=Subscribers(dynamodb.Table(settings.SUBSCRIBERS_TABLE)),
        subscribers_table=settings.SUBSCRIBERS_TABLE,
        records=MeteringRecords(dynamodb, settings.METERING_RECORDS_TABLE, int(settings.PENDING_SHARDS)),
        products=Products.from_json(settings.PRODUCTS),
    )
