"""State 1: finds a page of due hours."""

from functools import cache

from ledger import dynamodb
from ledger.metering_records import MeteringRecords
from marketplace.products import Products
from metering.find.find_due_hours import find_due_hours
from metering.handlers.entry_point import Payload, entry_point, logger
from metering.sizes import PAGE_KEYS
from runtime import clock
from runtime.settings import FindDueHoursSettings


@cache
def assembled() -> tuple[FindDueHoursSettings, MeteringRecords, Products]:
    """The function's settings, its store of records and what is sold, made from its environment once."""
    settings = FindDueHoursSettings.from_env()
    records = MeteringRecords(dynamodb.connect(), settings.METERING_RECORDS_TABLE)
    return settings, records, Products.from_json(settings.PRODUCTS)


@entry_point
def handler(event: Payload) -> Payload:
    """``{startedAt, hour?, cursor?, most?}`` → ``{chunks, cursor, more, events}``: a page of at most so many hours.

    All pages of a run end with the same hour.
    """
    settings, records, products = assembled()
    page = find_due_hours(
        records,
        now=min(clock.now(), clock.from_iso(event["startedAt"])),
        seal_delay_minutes=int(settings.SEAL_DELAY_MINUTES),
        wanted=clock.from_iso(event["hour"]) if event.get("hour") else None,
        cursor=event.get("cursor"),
        products=products,
        most=int(event.get("most") or PAGE_KEYS),
    )
    logger.info("hours due", hours=len(page.keys), more=page.more)
    return page.payload()
