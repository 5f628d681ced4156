"""Compares the ledger with the seller's Daily Usage feed; a schedule calls it."""

from functools import cache

from botocore.config import Config

from ledger import dynamodb
from ledger.audit_progress import AuditProgress
from ledger.findings import Findings
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from marketplace.products import Products
from marketplace.seller import Seller
from marketplace.usage_feed import UsageFeed
from reconcile import kinds
from reconcile.books.by_customer import BookReconciliation
from reconcile.books.usage import usage_book
from reconcile.handlers.entry_point import InTime, Payload, count_age, count_done, entry_point
from runtime import clock
from runtime.settings import ReconcileUsageSettings


@cache
def assembled() -> tuple[MeteringRecords, Subscribers, UsageFeed, Products, Findings, AuditProgress]:
    """The stores and the feed, made from the function's environment once."""
    settings, tables = ReconcileUsageSettings.from_env(), dynamodb.connect()
    audit = tables.Table(settings.AUDIT_TABLE)
    seller = Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)
    s3 = seller.client("s3", settings.METERING_REGION, Config(retries={"mode": "standard"}))
    return (
        MeteringRecords(tables, settings.METERING_RECORDS_TABLE),
        Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        UsageFeed(s3, settings.DATASET_BUCKET, settings.DATASET_PREFIX),
        Products.from_json(settings.PRODUCTS),
        Findings(audit),
        AuditProgress(audit, kinds.USAGE),
    )


@entry_point
def handler(in_time: InTime) -> Payload:
    """Anything → ``{compared, found, closed, open, onFile, lost}``. Raises botocore's errors."""
    records, subscribers, feed, products, findings, progress = assembled()
    now = clock.now()
    book = usage_book(records, subscribers, feed, products)
    reconciliation = BookReconciliation(book, subscribers, findings, progress, in_time)
    count_age(reconciliation.progress(now), now)
    done = reconciliation.run(now)
    return count_done(done.counts, done.periods, findings, kinds.USAGE)
