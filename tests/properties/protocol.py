"""The world of ``tests.scenarios``, with actors: recorders, hourly runs, notices, and what breaks under them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from ledger.hour import SECONDS, hour_of
from marketplace.deadlines import deadline, month_closes_at
from marketplace.meter_usage import UsageMeter
from marketplace.notices import Notice
from metering.find_due_hours import find_due_hours
from metering.plan_batches import plan_batches
from metering.settle_hours import settle_hours
from metering.submit_batch import MarketplaceBusy, ProductFault
from runtime.clock import iso
from subscription.apply_notice import changes
from tests.properties.direct_marketplace import DirectAdmin, direct_meter
from tests.properties.moves import Arm, Event, Go, Move, Report, Run, Step, Subscribe, Wait
from tests.properties.scheduler import Actor, Scheduler
from tests.scenarios.world import DIMENSIONS, World
from usage.report_usage import report_usage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

BUSY_RETRIES = 3
STATE_RETRIES = 2
DAY = 24 * SECONDS

Body = dict[str, Any]


@cache
def _dynamodb() -> "DynamoDBServiceResource":
    """Made once: it costs more than a schedule."""
    return boto3.resource("dynamodb", region_name="us-east-1")


@dataclass
class Client:
    """An app that keeps an event until it has a final verdict, and what it was told."""

    bodies: dict[tuple[str, int, bool], Body] = field(default_factory=dict)
    outbox: list[Body] = field(default_factory=list)
    accepted: list[Body] = field(default_factory=list)
    refused: list[tuple[Body, str]] = field(default_factory=list)

    def told(self, bodies: list[Body], verdicts: list[tuple[str, str]]) -> None:
        for body, (verdict, reason) in zip(bodies, verdicts, strict=True):
            if verdict == "retry_later":
                continue
            if body in self.outbox:
                self.outbox.remove(body)
            if verdict == "refused":
                self.refused.append((body, reason))
            elif body not in self.accepted:
                self.accepted.append(body)


@dataclass
class Protocol(World):
    """``customers``: billing keys. ``left``: who is gone now; ``ever_left``: who once was."""

    scheduler: Scheduler = field(default_factory=Scheduler)
    client: Client = field(default_factory=Client)
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
        self._note(customer, "start", self.now - DAY)
        self.tell()
        return customer

    # --- moves --------------------------------------------------------------------------------------------------------

    def make(self, move: Move) -> None:
        if isinstance(move, Report):
            customer = self.customers[move.customer % len(self.customers)]
            actor = self.recorder([self._body(customer, event) for event in move.events], move.skew)
            self._go(actor, move.go)
        elif isinstance(move, Run):
            if move.on_time:
                self._wait(Wait("next_run"))
            self._go(self.hourly(delayed=move.delayed, skew=move.skew), move.go)
        elif isinstance(move, Step):
            if alive := self.scheduler.alive:
                self._go(alive[move.actor % len(alive)], move.go)
        elif isinstance(move, Wait):
            self._wait(move)
        elif isinstance(move, Arm):
            self._arm(move)
        elif isinstance(move, Subscribe):
            self._subscribe(self.customers[move.customer % len(self.customers)], told=move.told)
        else:
            self.mode = move.mode

    def _go(self, actor: Actor, go: Go) -> None:
        self.scheduler.run(actor, go.effects, writes=go.writes, fault=go.fault)

    def _body(self, customer: str, event: Event) -> Body:
        quantity = {} if event.dimension == "active_users" else {"quantity": Decimal(event.quantity)}
        user = {"user": event.user} if event.dimension == "active_users" else {}
        key = (customer, event.slot, False)
        body = self.event(
            customer,
            f"e{event.slot}",
            dimension=event.dimension,
            occurredAt=iso(self.now - event.early),
            **user,
        )
        body.pop("quantity")
        body = self.client.bodies.setdefault(key, body | quantity)
        if event.altered:
            body = self.client.bodies.setdefault((customer, event.slot, True), body | {"source": "another"})
        return body

    def recorder(self, bodies: list[Body], skew: float = 0.0) -> Actor:
        """One request of ``POST /usage``."""
        self.client.outbox += [body for body in bodies if body not in self.client.outbox]

        def work() -> None:
            answers = report_usage(bodies, DIMENSIONS, self.stores, self.clock)
            self.client.told(bodies, [(verdict.verdict, verdict.reason) for _, verdict in answers])

        return self.scheduler.spawn("recorder", work, skew)

    def hourly(self, *, delayed: bool = True, skew: float = 0.0) -> Actor:
        """One execution of the workflow, with its retries; the mode is the one of its start."""
        wanted = None if delayed else self.now
        sealer = replace(self.sealer, clock=self.clock)
        submitter = replace(self.submitter, clock=self.clock)

        def work() -> None:
            cursor, more = None, True
            while more:
                page = _state(
                    lambda: find_due_hours(
                        self.records,
                        now=self.clock(),
                        seal_delay_minutes=10,
                        wanted=wanted,
                        cursor=cursor,  # noqa: B023
                        dimensions=list(DIMENSIONS),
                    )
                )
                _state(lambda: sealer.seal_hours(page.keys))  # noqa: B023
                planned = _state(
                    lambda: plan_batches(page.keys, self.records, self.subscribers, self.clock())  # noqa: B023
                )
                for batch in planned:
                    try:
                        _state(lambda: submitter.submit(batch), (MarketplaceBusy, BUSY_RETRIES))  # noqa: B023
                    except ProductFault:
                        return
                    except MarketplaceBusy:
                        continue
                _state(lambda: settle_hours(page.keys, self.records, self.settlement, self.clock))  # noqa: B023
                cursor, more = page.payload()["cursor"], page.more

        return self.scheduler.spawn("run", work, skew)

    def _wait(self, move: Wait) -> None:
        if move.until == "seconds":
            self.now += move.seconds
        elif move.until == "next_run":
            self.now = hour_of(self.now) + SECONDS + 600
        elif move.until == "month_end":
            self.now = max(self.now, month_closes_at(hour_of(self.now - DAY)) - move.seconds)
        elif due := [deadline(hour) for _, hour in self.pending()]:
            self.now = max(self.now, min(due) - move.seconds)

    def _arm(self, move: Arm) -> None:
        fault: dict[str, Any] = {} if move.lasting else {"times": 1}
        if move.customer is not None:
            fault["buyer"] = self.customers[move.customer % len(self.customers)]
        if move.kind == "status":
            fault["status"] = move.word
        elif move.word:
            fault["error"] = move.word
        self.marketplace.arm(move.kind, **fault)

    def _subscribe(self, customer: str, *, told: bool) -> None:
        # Marketplace's periods have whole seconds here, as its notices do
        self.now = float(int(self.now) + 1)
        if customer in self.left:
            self.marketplace.activate(customer, iso(self.now))
            self.left.discard(customer)
            self._note(customer, "start", self.now)
        else:
            self.marketplace.end(customer, iso(self.now))
            self.left.add(customer)
            self.ever_left.add(customer)
            self._note(customer, "end", self.now)
        if told:
            self.tell()

    def _note(self, customer: str, kind: Any, at: float) -> None:
        # as a legacy customer's, so that both integrations follow it
        action = "subscribe-success" if kind == "start" else "unsubscribe-pending"
        number = len(self.notices)
        notice = Notice(id=f"n{number}", source="sns", action=action, kind=kind, at_ms=int(at * 1000))
        self.notices.append((customer, notice))

    def tell(self) -> None:
        """Deliver every notice that is still on its way; entitlements are fetched again after it."""
        for customer, notice in self.notices[self.told_of :]:
            self.subscribers.change(customer, lambda current, notice=notice: changes(current, notice), self.now)  # type: ignore[misc]
            self.change(customer, entitlementsFetchedAt=int(self.now))
        self.told_of = len(self.notices)

    # --- drain --------------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Nothing breaks any more: clients send again what they have no verdict on, runs go on past every deadline."""
        self.marketplace.clear_faults()
        self.mode = "live"
        self.tell()
        self.resend()
        for hours in (1, 1, 5, 20, 26):
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
        for body in list(self.client.outbox):
            actor = self.recorder([body])
            self.scheduler.run(actor)
            assert actor.error is None, actor.error


def _state(work: Callable[[], Any], retried: tuple[type[Exception], int] | None = None) -> Any:
    """One state of the workflow: its errors are retried, but for a fault of the product; a crash is the run's."""
    busy = retried[1] if retried else 0
    for attempt in range(max(busy, STATE_RETRIES)):
        try:
            return work()
        except ProductFault:
            raise
        except Exception:
            if attempt + 1 == max(busy, STATE_RETRIES):
                raise
    raise AssertionError("unreachable")
