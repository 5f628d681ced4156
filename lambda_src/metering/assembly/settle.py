"""Puts together the settler of lines."""

from typing import TYPE_CHECKING

from ledger.settlement import Settlement
from metering.run import Count
from metering.settle.settle_lines import Billed, LineSettler, unheard
from runtime import clock
from runtime.clock import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def settler(
    records_table: str,
    dynamodb: "DynamoDBServiceResource",
    *,
    count: Count,
    clock: Clock = clock.now,
    billed: Billed = unheard,
) -> LineSettler:
    """The settler of the lines in this table of metering records. billed: hears of each billed line."""
    return LineSettler(Settlement(dynamodb.Table(records_table)), clock, count, billed)
