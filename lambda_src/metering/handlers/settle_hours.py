"""State 5: settles hours."""

from functools import cache

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from metering.assembly import settle
from metering.handlers.entry_point import Payload, count, entry_point
from metering.run import Mode, parse_record_key
from metering.settle.settle_hours import settle_hours
from metering.settle.settle_lines import LineSettler
from runtime.settings import SettleHoursSettings


@cache
def assembled() -> tuple[MeteringRecords, LineSettler, Mode]:
    """The store of records, the settler of lines and the stage's mode, made from the function's environment once."""
    settings, tables = SettleHoursSettings.from_env(), dynamodb.connect()
    table = settings.METERING_RECORDS_TABLE
    return MeteringRecords(tables, table), settle.settler(table, tables, count=count), Mode.of(settings)


@entry_point
def handler(event: Payload) -> Payload:
    """``{keys}`` → the numbers of lines and records by outcome, see ``settle_hours``."""
    return dict(settle_hours([parse_record_key(key) for key in event["keys"]], *assembled()))
