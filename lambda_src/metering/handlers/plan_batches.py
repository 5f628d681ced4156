"""State 3: plans batches."""

from functools import cache

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from ledger.pauses import Pauses
from ledger.subscribers import Subscribers
from metering.handlers.entry_point import Payload, entry_point
from metering.run import Mode, parse_record_key
from metering.send.lanes import EVENTS_PER_LANE, batch_payload, in_lanes, lane_length, that_fit
from metering.send.plan_batches import plan_batches
from runtime import clock
from runtime.settings import PlanBatchesSettings


@cache
def assembled() -> tuple[PlanBatchesSettings, MeteringRecords, Subscribers, Pauses]:
    """The settings, and the stores of records, subscribers and pauses, made from the function's environment once."""
    settings, tables = PlanBatchesSettings.from_env(), dynamodb.connect()
    records = MeteringRecords(tables, settings.METERING_RECORDS_TABLE)
    subscribers = Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))
    return settings, records, subscribers, Pauses(tables.Table(settings.STATE_TABLE))


@entry_point
def handler(event: Payload) -> Payload:
    """``{chunks, knownBad?}`` → ``{lanes, left, events}``: lanes of batches, whether some lines are left over, and the
    history's events.

    knownBad: plan lines that were rejected before too (the default).
    """
    settings, records, subscribers, pauses = assembled()
    keys = [parse_record_key(key) for chunk in event["chunks"] for key in chunk]
    known_bad = bool(event.get("knownBad", True))
    now, mode, paused = clock.now(), Mode.of(settings), pauses.read()
    batches, left = plan_batches(keys, records, subscribers, now, mode, paused=paused, known_bad=known_bad)
    travelling = that_fit(map(batch_payload, batches))
    copies = int(settings.SUBMIT_CONCURRENCY)
    most = lane_length(len(travelling), float(settings.CALLS_PER_SECOND), copies)
    lanes = in_lanes(travelling, copies=copies, most=most)
    left = left or len(travelling) < len(batches)
    return {"lanes": lanes, "left": left, "events": EVENTS_PER_LANE * len(lanes)}
