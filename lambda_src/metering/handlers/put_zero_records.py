"""State 0: puts a record without usage for each active customer that has none in the hour."""

from functools import cache

from ledger import dynamodb
from metering.assembly import find
from metering.find.find_due_hours import last_due_hour
from metering.find.put_zero_records import ZeroRecords
from metering.handlers.entry_point import Payload, count, entry_point
from runtime import clock
from runtime.metric_names import MeteringMetric
from runtime.settings import PutZeroRecordsSettings


@cache
def assembled() -> tuple[PutZeroRecordsSettings, ZeroRecords]:
    """The function's settings and its writer of zero records, made from its environment once."""
    settings = PutZeroRecordsSettings.from_env()
    return settings, find.zero_records(settings, dynamodb.connect())


@entry_point
def handler(event: Payload) -> Payload:
    """``{startedAt, hour?, cursor?}`` → ``{cursor}``: one page of customers, null after the last."""
    settings, zero_records = assembled()
    wanted = clock.from_iso(event["hour"]) if event.get("hour") else None
    now = min(clock.now(), clock.from_iso(event["startedAt"]))
    hour = last_due_hour(now, int(settings.SEAL_DELAY_MINUTES), wanted)
    number, cursor = zero_records.put(hour, event.get("cursor"), clock.now())
    count(MeteringMetric.ZERO_RECORDS, number)
    return {"cursor": cursor}
