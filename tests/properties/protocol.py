"""The world of ``tests.scenarios``, with actors: recorders, hourly runs, notices, and what breaks under them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import boto3

from ledger.hour import SECONDS, hour_of
from ledger.pending_page import Place, RecordKey
from ledger.subscriber import Subscriber
from ledger.subscribers import Change
from marketplace.meter_usage import UsageMeter
from marketplace.notices import Notice
from metering.find_due_hours import DueHours, find_due_hours
from metering.mode import Mode
from metering.plan_batches import plan_batches
from metering.settle_hours import settle_hours
from metering.submit_batch import MarketplaceBusy, ProductFault
from runtime.clock import iso
from subscription.apply_notice import changes
from tests.properties.direct_marketplace import DirectAdmin, direct_meter
from tests.properties.scheduler import Actor, Scheduler
from tests.properties.sender import Body, Sender
from tests.scenarios.world import DIMENSIONS, World
from usage.report_usage import report_usage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

BUSY_TRIES = 3
STATE_TRIES = 2
DAY = 24 * SECONDS
T = TypeVar("T")


@cache
def _dynamodb() -> "DynamoDBServiceResource":
    """Made once: it costs more than a schedule."""
    return boto3.resource("dynamodb", region_name="us-east-1")


@dataclass
class Protocol(World):
    """``customers``: billing keys. ``left``: who is gone now; ``ever_left``: who once was."""

    scheduler: Scheduler = field(default_factory=Scheduler)
    sender: Sender = field(default_factory=Sender)
    customers: list[str] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    ever_left: set[str] = field(default_factory=set)
    notices: list[tuple[str, Notice]] = field(default_factory=list)
    told_of: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        api: Any = self.dynamodb.meta.client
        call = type(api)._make_api_call

        def intercepted(operation: str, request: dict[str, Any]) -> Any:
            name = "IndexQuery" if operation == "Query" and "IndexName" in request else operation
            return self.scheduler.around(name, lambda: call(api, operation, request))

        api._make_api_call = intercepted

    def connect(self) -> "DynamoDBServiceResource":
        return _dynamodb()

    def meter(self) -> UsageMeter:
        assert isinstance(self.marketplace, DirectAdmin)
        return direct_meter(self.marketplace.state, self.scheduler.around)

    def clock(self) -> float:
        """The time, as whoever runs now believes it to be."""
        return self.now + self.scheduler.skew

    def join(self, kind: str) -> str:
        """A new customer, active since yesterday, with what a contract needs."""
        customer = self.buyer(kind)
        self.change(
            customer,
            entitlements=[{"dimension": "basic", "expiresAt": int(self.now) + 90 * DAY, "value": "1"}],
            entitlementsFetchedAt=int(self.now),
        )
        self.customers.append(customer)
        self.note(customer, "start", self.now - DAY)
        self.tell()
        return customer

    def recorder(self, bodies: list[Body], skew: float = 0.0) -> Actor:
        """One request of ``POST /usage``."""
        self.sender.outbox += [body for body in bodies if body not in self.sender.outbox]

        def work() -> None:
            answers = report_usage(bodies, DIMENSIONS, self.stores, self.clock)
            self.sender.told(bodies, [(verdict.verdict, verdict.reason) for _, verdict in answers])

        return self.scheduler.spawn("recorder", work, skew)

    def hourly(self, *, delayed: bool = True, skew: float = 0.0) -> Actor:
        """One execution of the workflow, with its retries; the mode is the one of its start."""
        sealer = replace(self.sealer, clock=self.clock)
        submitter = replace(self.submitter, clock=self.clock)
        mode, run = Mode(self.mode), f"run-{len(self.scheduler.actors)}"

        def page(cursor: Mapping[str, Place] | None, wanted: float | None) -> DueHours:
            return find_due_hours(
                self.records,
                now=self.clock(),
                seal_delay_minutes=10,
                wanted=wanted,
                cursor=cursor,
                dimensions=list(DIMENSIONS),
            )

        def meter(keys: Sequence[RecordKey]) -> None:
            _state(lambda: sealer.seal_hours(keys))
            for batch in _state(lambda: plan_batches(keys, self.records, self.subscribers, self.clock(), mode))[0]:
                with suppress(MarketplaceBusy):
                    _state(partial(submitter.submit, batch, run), BUSY_TRIES)
            _state(lambda: settle_hours(keys, self.records, self.settlement, self.clock, mode))

        def work() -> None:
            wanted = None if delayed else self.now
            found = _state(lambda: page(None, wanted))
            with suppress(ProductFault):
                meter(found.keys)
                while found.more:
                    found = _state(partial(page, found.payload()["cursor"], wanted))
                    meter(found.keys)

        return self.scheduler.spawn("run", work, skew)

    def subscribe(self, customer: str, *, told: bool = True, refetched: bool = True) -> None:
        """A customer leaves, or comes back; the notice arrives at once if ``told``, else with a later one."""
        # Marketplace's periods have whole seconds here, as its notices do
        self.now = float(int(self.now) + 1)
        if customer in self.left:
            self.marketplace.activate(customer, iso(self.now))
            self.left.discard(customer)
            self.note(customer, "start", self.now)
        else:
            self.marketplace.end(customer, iso(self.now))
            self.left.add(customer)
            self.ever_left.add(customer)
            self.note(customer, "end", self.now)
        if told:
            self.tell(refetched=refetched)

    def note(self, customer: str, kind: Any, at: float) -> None:
        # as a legacy customer's, so that both integrations follow it
        action = "subscribe-success" if kind == "start" else "unsubscribe-pending"
        number = len(self.notices)
        notice = Notice(id=f"n{number}", source="sns", action=action, kind=kind, at_ms=int(at * 1000))
        self.notices.append((customer, notice))

    def tell(self, *, refetched: bool = True) -> None:
        """Deliver every notice that is still on its way; what the contract includes is fetched again after it."""
        for customer, notice in self.notices[self.told_of :]:
            self.subscribers.change(customer, partial(_applied, notice), self.now)
        self.told_of = len(self.notices)
        if refetched:
            for customer in self.customers:
                self.change(customer, entitlementsFetchedAt=int(self.now))

    # --- drain --------------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Nothing breaks any more: clients send again what they have no verdict on, runs go on past every deadline."""
        self.marketplace.clear_faults()
        self.mode = "live"
        self.tell()
        self.resend()
        for hours in (1, 1, 3, 4, 17, 26):
            self.now = hour_of(self.now) + hours * SECONDS + 600
            due = self.pending()
            while True:
                actor = self.hourly()
                self.scheduler.run(actor)
                assert actor.error is None, actor.error
                before, due = due, self.pending()
                if due == before:
                    break
            self.resend()

    def resend(self) -> None:
        for body in list(self.sender.outbox):
            actor = self.recorder([body])
            self.scheduler.run(actor)
            assert actor.error is None, actor.error


def _applied(notice: Notice, current: Subscriber | None) -> Change:
    return changes(current, notice)


def _state(work: Callable[[], T], tries: int = STATE_TRIES) -> T:
    """One state of the workflow: its errors are retried, but for a fault of the product; a crash is the run's."""
    for _ in range(tries - 1):
        try:
            return work()
        except ProductFault:
            raise
        except Exception:
            continue
    return work()
