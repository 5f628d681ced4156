"""Compares the ledger with AWS Marketplace's invoices; a schedule calls it."""

from functools import cache

from ledger import dynamodb
from ledger.audit_progress import AuditProgress
from ledger.findings import Findings
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from marketplace.invoices import Invoices
from marketplace.products import Products
from marketplace.seller import Seller
from reconcile import kinds
from reconcile.books.by_customer import Book, BookReconciliation
from reconcile.books.month import invoice_book
from reconcile.handlers.entry_point import InTime, Payload, count_age, count_done, entry_point
from runtime import clock
from runtime.settings import ReconcileInvoicesSettings


@cache
def assembled() -> tuple[Book, Subscribers, Findings, AuditProgress]:
    """The book and the stores, made from the function's environment once."""
    settings, tables = ReconcileInvoicesSettings.from_env(), dynamodb.connect()
    audit = tables.Table(settings.AUDIT_TABLE)
    book = invoice_book(
        MeteringRecords(tables, settings.METERING_RECORDS_TABLE),
        Invoices.connect(Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)),
        Products.from_json(settings.PRODUCTS),
        settings.CURRENCY,
    )
    subscribers = Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))
    return book, subscribers, Findings(audit), AuditProgress(audit, kinds.INVOICES)


@entry_point
def handler(in_time: InTime) -> Payload:
    """Anything → ``{compared, found, closed, open, onFile, lost}``. Raises botocore's errors."""
    book, subscribers, findings, progress = assembled()
    now = clock.now()
    reconciliation = BookReconciliation(book, subscribers, findings, progress, in_time)
    count_age(reconciliation.progress(now), now)
    done = reconciliation.run(now)
    return count_done(done.counts, done.periods, findings, kinds.INVOICES)
