"""State 3: plans batches."""

from functools import cache

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from ledger.pauses import Pauses
from ledger.subscribers import Subscribers
from metering.handlers.entry_point import Payload, entry_point
from metering.run import Mode, line_key, parse_record_key
from metering.send.plan_batches import plan_batches
from runtime import clock
from runtime.settings import PlanBatchesSettings

#: Events of the execution's history that a batch takes at most: tried four times and left for a later pass.
EVENTS_PER_BATCH = 18


@cache
def assembled() -> tuple[MeteringRecords, Subscribers, Mode, Pauses]:
    """The stores of records, subscribers and pauses, and the stage's mode, made from the function's environment
    once."""
    settings, tables = PlanBatchesSettings.from_env(), dynamodb.connect()
    records = MeteringRecords(tables, settings.METERING_RECORDS_TABLE)
    subscribers = Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))
    return records, subscribers, Mode.of(settings), Pauses(tables.Table(settings.STATE_TABLE))


@entry_point
def handler(event: Payload) -> Payload:
    """``{chunks, knownBad?}`` → ``{batches, left, events}``: line keys, whether some are left over, history events.

    knownBad: plan lines that were rejected before too (the default).
    """
    records, subscribers, mode, pauses = assembled()
    keys = [parse_record_key(key) for chunk in event["chunks"] for key in chunk]
    known_bad = bool(event.get("knownBad", True))
    now, paused = clock.now(), pauses.read()
    batches, left = plan_batches(keys, records, subscribers, now, mode, paused=paused, known_bad=known_bad)
    lines = [[line_key(key) for key in batch] for batch in batches]
    return {"batches": lines, "left": left, "events": EVENTS_PER_BATCH * len(lines)}
