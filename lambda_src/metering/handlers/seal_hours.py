"""State 2: seals hours."""

from functools import cache

from ledger import dynamodb
from metering.assembly import seal
from metering.handlers.entry_point import Payload, count, entry_point
from metering.run import parse_record_key
from metering.seal.seal_hours import Sealer
from runtime.metric_names import MeteringMetric
from runtime.settings import SealHoursSettings


@cache
def assembled() -> Sealer:
    """The sealer, made from the function's environment once."""
    return seal.sealer(SealHoursSettings.from_env(), dynamodb.connect(), count=count)


@entry_point
def handler(event: Payload) -> Payload:
    """``{keys}`` → the numbers of hours by outcome, see ``Sealer.seal_hours``."""
    counts = assembled().seal_hours([parse_record_key(key) for key in event["keys"]])
    count(MeteringMetric.HOURS_SEALED, counts["sealed"])
    count(MeteringMetric.HOURS_WAITING, counts["waiting"] + counts["failed"])
    return dict(counts)
