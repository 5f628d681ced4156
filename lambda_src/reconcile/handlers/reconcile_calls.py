"""Compares the ledger with CloudTrail's log of metering calls; a schedule calls it."""

from functools import cache

from ledger import dynamodb
from ledger.audit_progress import AuditProgress
from ledger.findings import Findings
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from marketplace.metering_calls import MeteringCalls
from marketplace.seller import Seller
from reconcile import kinds
from reconcile.calls.hour import Books
from reconcile.calls.reconcile_calls import CallsReconciliation
from reconcile.handlers.entry_point import InTime, Payload, count_age, count_done, entry_point
from runtime import clock
from runtime.settings import ReconcileCallsSettings


@cache
def assembled() -> tuple[Books, Findings, AuditProgress]:
    """The books, the findings and the progress, made from the function's environment once."""
    settings, tables = ReconcileCallsSettings.from_env(), dynamodb.connect()
    audit = tables.Table(settings.AUDIT_TABLE)
    books = Books(
        records=MeteringRecords(tables, settings.METERING_RECORDS_TABLE),
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        calls=MeteringCalls.connect(settings.METERING_REGION, Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)),
        product_codes=frozenset(settings.PRODUCT_CODE.split(",")),
        callers=frozenset(filter(None, settings.METERING_CALLERS.split(","))),
    )
    return books, Findings(audit), AuditProgress(audit, kinds.CALLS)


@entry_point
def handler(in_time: InTime) -> Payload:
    """Anything → ``{compared, found, closed, open, onFile, lost}``. Raises botocore's errors."""
    books, findings, progress = assembled()
    now = clock.now()
    reconciliation = CallsReconciliation(books.within(in_time), findings, progress)
    count_age(reconciliation.progress(now), now)
    done = reconciliation.run(now)
    return count_done(done.counts, done.hours, findings, kinds.CALLS)
