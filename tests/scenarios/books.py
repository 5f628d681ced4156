"""The three books to compare the ledger with, over the local Marketplace of a world."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.response import StreamingBody

from ledger import tables
from ledger.audit_progress import AuditProgress
from ledger.findings import Finding, Findings
from marketplace.invoices import Invoices
from marketplace.meter_usage import UsageMeter
from marketplace.metering_calls import MeteringCalls
from marketplace.usage_feed import UsageFeed
from marketplace_local.call_rate import CallRate
from marketplace_local.in_process import AgreementClient, MeteringClient, TrailClient
from reconcile import kinds
from reconcile.books.by_customer import BookReconciliation
from reconcile.books.month import invoice_book
from reconcile.books.usage import usage_book
from reconcile.calls.hour import Books
from reconcile.calls.reconcile_calls import CallsReconciliation
from tests.scenarios.world import World

OUR_ROLE = "submit-batch-role"


class FeedBucket:
    """S3, as far as a reader of the data feeds needs it: always what the Marketplace has written by now."""

    def __init__(
        self, files: Callable[[], dict[str, str]], now: Callable[[], float] = lambda: 0.0, page: int = 1000
    ) -> None:
        self._files = cache(lambda _at: files())
        self._now = now
        self._page = page

    def list_objects_v2(self, *, Bucket: str, Prefix: str, Delimiter: str = "", ContinuationToken: str = "0") -> Any:
        keys = sorted(key for key in self._files(self._now()) if key.startswith(Prefix))
        if Delimiter:
            folders = sorted({Prefix + key.removeprefix(Prefix).split("/")[0] + "/" for key in keys})
            return {"CommonPrefixes": [{"Prefix": folder} for folder in folders]}
        first = int(ContinuationToken)
        more = {"NextContinuationToken": str(first + self._page)} if first + self._page < len(keys) else {}
        return {"Contents": [{"Key": key} for key in keys[first : first + self._page]], **more}

    def get_object(self, *, Bucket: str, Key: str) -> Any:
        raw = self._files(self._now())[Key].encode()
        return {"Body": StreamingBody(io.BytesIO(raw), len(raw))}


class Waits:
    """Time that passes by waiting only: the quotas of the local Marketplace count it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Audits:
    """The three comparisons of a world. metering: sends as the stage's own role does; stranger: as somebody else."""

    world: World
    waits: Waits = field(default_factory=Waits)

    def __post_init__(self) -> None:
        world, state = self.world, self.world.server.state
        state.rate = CallRate(self.waits)
        state.rate.quotas["BatchMeterUsage"] = 0.0
        state.trail.callers["ours"] = OUR_ROLE
        self.metering = MeteringClient(state, access_key="ours")
        self.stranger = MeteringClient(state, access_key="stranger")
        world.meter = UsageMeter(self.metering)  # type: ignore[arg-type]
        self.findings = Findings(world.dynamodb.Table(tables.AUDIT.name))
        calls = Books(
            records=world.records,
            subscribers=world.subscribers,
            calls=MeteringCalls(TrailClient(state), self.waits.sleep),
            product_codes=world.products.codes,
            callers=frozenset({OUR_ROLE}),
        )
        self.books = calls
        self.calls = CallsReconciliation(calls, self.findings, self._progress(kinds.CALLS))
        bucket: Any = FeedBucket(world.marketplace.feeds, world.clock)
        feed = UsageFeed(bucket, "seller", "")
        self.usage = self._book(usage_book(world.records, world.subscribers, feed, world.products))
        invoices = Invoices(AgreementClient(state), self.waits.sleep)
        self.invoices = self._book(invoice_book(world.records, invoices, world.products, "USD"))

    def _progress(self, depth: str) -> AuditProgress:
        return AuditProgress(self.world.dynamodb.Table(tables.AUDIT.name), depth)

    def _book(self, book: Any) -> BookReconciliation:
        return BookReconciliation(book, self.world.subscribers, self.findings, self._progress(book.depth))

    def run(self) -> None:
        """What schedules call in an hour: the log's comparison, and once a day the books'."""
        self.calls.run(self.world.now)
        if self.world.now % 86_400 // 3_600 == 12:
            self.usage.run(self.world.now)
            self.invoices.run(self.world.now)

    def open(self, depth: str | None = None) -> set[tuple[str, str, str, str, str]]:
        """Open findings: (subject, depth, period, dimension, kind)."""
        depths = [depth] if depth else [kinds.CALLS, kinds.USAGE, kinds.INVOICES]
        return {_name(each) for name in depths for each, _ in self.findings.open(name)}


def _name(each: Finding) -> tuple[str, str, str, str, str]:
    return each.subject, each.depth, each.period, each.dimension, each.kind
