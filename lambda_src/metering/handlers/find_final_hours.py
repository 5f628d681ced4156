"""Final metering, first state: finds what to do now, and with which hours."""

from functools import cache

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from metering.final.find_final_hours import find_final_hours, payload
from metering.handlers.entry_point import Payload, entry_point, logger
from runtime import clock
from runtime.settings import FindFinalHoursSettings


@cache
def assembled() -> tuple[MeteringRecords, Subscribers]:
    """The stores of records and of subscribers, made from the function's environment once."""
    settings, tables = FindFinalHoursSettings.from_env(), dynamodb.connect()
    records = MeteringRecords(tables, settings.METERING_RECORDS_TABLE)
    return records, Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))


@entry_point
def handler(event: Payload) -> Payload:
    """``{customerIdentifier, periodEnd, sent}`` → ``{step, seal, chunks, waitUntil}``."""
    customer, end = event["customerIdentifier"], int(event["periodEnd"])
    step = find_final_hours(customer, end, *assembled(), now=clock.now(), sent=event["sent"])
    logger.info("final metering", customer=customer, step=step.name, hours=len(step.hours))
    return payload(step)
