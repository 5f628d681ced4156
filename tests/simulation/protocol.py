"""The world of ``tests.scenarios`` in memory, with actors: recorders, runs, notices, and what breaks under them."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any, cast

from buyer.assembly.entitlements import entitlement_receiver
from buyer.assembly.notices import subscription_receiver
from buyer.notices.entitlement import EntitlementReceiver
from buyer.notices.subscription import SubscriptionReceiver
from marketplace.entitlements import Entitlement
from marketplace.hour import SECONDS, hour_of
from marketplace.meter_usage import UsageMeter
from marketplace.notice import Notice
from marketplace_local.in_process import InProcessAdmin
from metering.seal.seal_hours import Sealer
from metering.send.pace import Pace
from runtime.clock import iso
from runtime.settings import EntitlementNoticesSettings, SubscriptionNoticesSettings
from tests.scenarios.world import PRODUCT, World
from tests.simulation.actors import Actor, Scheduler
from tests.simulation.final_metering import FinalMeterings
from tests.simulation.marketplace import Trouble, Watcher, direct_meter
from tests.simulation.on_hold import OddHours, ends, forgotten
from tests.simulation.people import People
from tests.simulation.sender import Body, Sender
from tests.simulation.store import FaultyStore
from tests.simulation.workflow import Progress, Run
from usage.report_usage import report_usage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

DAY = 24 * SECONDS


@dataclass
class Protocol(World):
    """A world whose functions are actors of one scheduler.

    customers: their billing keys. cancelled: those without a subscription now; ever_cancelled: those that once had
    none. notices: all that Marketplace has sent, in the order of the events; mail: those not delivered yet. periods:
    true start and end of each agreement. holdings, ever_held: each customer's tiers now, and ever. drains: nothing
    disturbs it any more.
    """

    scheduler: Scheduler = field(default_factory=Scheduler)
    sender: Sender = field(default_factory=Sender)
    trouble: Trouble = field(default_factory=Trouble)
    watcher: Watcher = field(default_factory=Watcher)
    chance: Random = field(default_factory=lambda: Random(0))
    customers: list[str] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)
    ever_cancelled: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)
    mail: list[Notice] = field(default_factory=list)
    reported: list[tuple[Actor, list[Body]]] = field(default_factory=list)
    holdings: dict[str, tuple[Entitlement, ...]] = field(default_factory=dict)
    ever_held: dict[str, set[str]] = field(default_factory=dict)
    drains: bool = False
    periods: dict[str, list[list[int | None]]] = field(default_factory=dict)
    #: The share of lines that are unusual, and on hold.
    on_hold: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.final = FinalMeterings(self)
        self.people = People(self)

    @property
    def admin(self) -> InProcessAdmin:
        assert isinstance(self.marketplace, InProcessAdmin)
        return self.marketplace

    @property
    def store(self) -> FaultyStore:
        return cast(FaultyStore, self.dynamodb)

    def connect(self) -> "DynamoDBServiceResource":
        def behind(most: int) -> int:
            return self.chance.randint(1, most)

        return cast("DynamoDBServiceResource", FaultyStore(self.scheduler, lambda: self.now, behind))

    @cached_property
    def meter(self) -> UsageMeter:
        return direct_meter(self.admin.state, self.scheduler.around, self.trouble, self.watcher, self.chance)

    @property
    def sealer(self) -> Sealer:
        made = super().sealer
        unusual = made.planner.unusual
        odd = OddHours(
            records=unusual.records,
            settings=replace(unusual.settings, hold=self.on_hold > 0),
            share=self.on_hold,
        )
        return replace(made, planner=replace(made.planner, unusual=odd))

    def pace(self) -> Pace:
        return Pace(calls_per_second=8, copies=1, monotonic=lambda: self.now, sleep=self.sleep)

    def pause(self, attempt: int) -> None:
        self.sleep(0.02 * attempt)

    def clock(self) -> float:
        """The time by the clock of the actor that runs now."""
        actor = self.scheduler.current
        if actor is None:
            return self.now
        actor.seen, actor.seen_at = self.now + actor.skew, self.scheduler.steps
        return actor.seen

    def sleep(self, seconds: float) -> None:
        """A pause of the actor that runs now."""
        self.scheduler.around("Pause", _nothing, ready=self.now + seconds)

    def wait(self, until: float) -> None:
        """A workflow waits for a moment."""
        self.scheduler.around("Wait", _nothing, ready=until)

    # --- customers ----------------------------------------------------------------------------------------------------

    def join(self, kind: str, since: float = DAY) -> str:
        """A new customer, active for ``since`` seconds, with what a contract needs."""
        start = float(int(self.now - since))
        customer = self.buyer(kind, start)
        self.change(
            customer,
            entitlements=[{"dimension": "basic", "expiresAt": int(self.now) + 90 * DAY, "value": "1"}],
            entitlementsFetchedAt=int(self.now),
        )
        self.upgrade(customer, "basic")
        self.customers.append(customer)
        self.periods[customer] = [[int(start), None]]
        self.note(customer, "start", start)
        self.deliver()
        return customer

    def upgrade(self, customer: str, tier: str) -> None:
        """The customer's contract has another tier; the stage does not know it yet."""
        self.holdings[customer] = (Entitlement(dimension=tier, value="1", expires_at=int(self.now) + 90 * DAY),)
        self.ever_held.setdefault(customer, set()).add(tier)

    def subscribe(self, customer: str, *, notified: bool = True, refetched: bool = True) -> None:
        """A customer cancels, or resubscribes; the notice arrives at once if ``notified``, else with a later one."""
        # Marketplace's periods have whole seconds here, as its notices do
        self.now = float(int(self.now) + 1)
        if customer in self.cancelled:
            self.marketplace.activate(customer, iso(self.now))
            self.cancelled.discard(customer)
            self.periods[customer].append([int(self.now), None])
            self.note(customer, "start", self.now)
        else:
            self.marketplace.end(customer, iso(self.now))
            self.cancelled.add(customer)
            self.ever_cancelled.add(customer)
            self.periods[customer][-1][1] = int(self.now)
            self.note(customer, "end", self.now)
        if notified:
            self.deliver(refetched=refetched)

    def note(self, customer: str, kind: Any, at: float) -> Notice:
        """Marketplace sends a notice, in the form of a legacy customer's, which both integrations follow."""
        action = {"start": "subscribe-success", "end": "unsubscribe-pending", "entitlement": "entitlement-updated"}
        notice = Notice(
            id=f"n{len(self.notices)}",
            source="sns",
            action=action[kind],
            kind=kind,
            at_ms=int(at * 1000),
            customer_identifier=customer,
            product_code=PRODUCT,
        )
        self.notices.append(notice)
        self.mail.append(notice)
        return notice

    def deliver(self, *, refetched: bool = True) -> None:
        """Deliver every notice in the mail. refetched: entitlements are fetched again after it."""
        for notice in list(self.mail):
            self.subscription_receiver.receive(notice, "", self.now)
        self.mail.clear()
        if refetched:
            for customer in self.customers:
                self.change(customer, entitlementsFetchedAt=int(self.now))

    @property
    def subscription_receiver(self) -> SubscriptionReceiver:
        return subscription_receiver(self.settings(SubscriptionNoticesSettings), self.dynamodb)

    @property
    def entitlement_receiver(self) -> EntitlementReceiver:
        return entitlement_receiver(self.settings(EntitlementNoticesSettings), _Holdings(self), self.dynamodb)

    # --- actors -------------------------------------------------------------------------------------------------------

    def recorder(self, bodies: list[Body], skew: float = 0.0) -> Actor:
        """One request of ``POST /usage``."""
        self.sender.keep(bodies)

        def work() -> None:
            answers = report_usage(bodies, self.products, self.stores, self.clock)
            others = [
                b for other, sent in self.reported if other is not actor and other.ended >= actor.born for b in sent
            ]
            verdicts = [(verdict.verdict, verdict.reason) for _, verdict in answers]
            self.sender.answered(bodies, verdicts, others)
            self.watcher.answered_for(bodies, verdicts)

        actor = self.scheduler.spawn("recorder", work, skew)
        self.reported.append((actor, bodies))
        return actor

    def hourly(
        self, *, delayed: bool = True, skew: float = 0.0, survives: bool = False, continues: Progress | None = None
    ) -> Actor:
        """One execution of the workflow, with its retries; the mode is the one of its start.

        survives: a function that dies is started again by the workflow; else its execution ends there. continues: what
        another execution handed over. While the world drains none does: nobody would run the other one.
        """
        hands_over = 0.0 if self.drains else self.chance.choice((0.0, 0.0, 0.3))
        run = Run(self, delayed=delayed, survives=survives, hands_over=hands_over, continues=continues)
        actor = self.scheduler.spawn("run", run.work, skew)
        actor.mode = self.mode
        return actor

    def postman(self, notice: Notice, *, entitlements: bool = False, skew: float = 0.0) -> Actor:
        """One delivery of a notice, which stays in the mail until its receiver has returned without an error."""
        receiver = self.entitlement_receiver if entitlements else self.subscription_receiver

        def work() -> None:
            receiver.receive(notice, "", self.clock())
            if not entitlements and notice in self.mail:
                self.mail.remove(notice)

        return self.scheduler.spawn("fetcher" if entitlements else "postman", work, skew)

    # --- drain --------------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Without faults: clients send again the events without a verdict, and runs go on past every deadline."""
        self.drains = True
        self.marketplace.clear_faults()
        self.trouble.clear()
        self.mode = "live"
        self.people.resume_all()
        self.deliver()
        for customer in sorted(set(self.customers) - self.cancelled) if self.tiers else ():
            subscriber = self.subscribers.get(customer)
            assert subscriber is not None
            self.entitlement_receiver.sync.sync(subscriber, self.now)
        self.resend()
        for hours in (1, 1, 3, 4, 17, 26, *(1 for _ in range(40)), 25):
            if hours in (1, 25) and not self.waiting() and not self.sender.outbox:
                continue  # what one line could not take is billed hour by hour, until nothing is left or on hold
            until = float(hour_of(self.now) + hours * SECONDS + 600)
            for moment in [*ends(self, until), until]:
                self.pass_until(moment)
                self.run_until_nothing_ends()
            self.resend()

    def run_until_nothing_ends(self) -> None:
        """Undisturbed runs, until one more would change nothing."""
        due = self.waiting()
        while True:
            self.solo(self.hourly())
            before, due = due, self.waiting()
            if due == before:
                break
            self.pass_until(self.now + 130)
        if left := forgotten(self):
            raise AssertionError(f"nobody sends these lines, whose hold is over: {left}")

    def pass_until(self, moment: float) -> None:
        """Let time pass, and every execution of final metering do what is due meanwhile."""
        while self.final.stream:
            streamer = self.final.streamed()
            assert streamer is not None
            self.solo(streamer)
        self.solo(self.final.caretaker())
        while True:
            waiting = [actor for actor in self.scheduler.alive if actor.name == "final" and actor.ready <= moment]
            if not waiting:
                break
            actor = min(waiting, key=lambda each: each.ready)
            self.now = max(self.now, actor.ready)
            while not actor.done and actor.ready <= self.now:
                self.scheduler.step(actor)
            if actor.error is not None:
                raise AssertionError(f"undisturbed, {actor.name} failed: {actor.error!r}") from actor.error
        self.now = max(self.now, moment)

    def waiting(self) -> set[tuple[str, int]]:
        """Every record that has not ended, whatever the index says."""
        records = self.store.items(self.records.table_name)
        return {(item["customerIdentifier"], int(item["timestamp"])) for item in records if "meteringPending" in item}

    def resend(self) -> None:
        for body in list(self.sender.outbox):
            self.solo(self.recorder([body]))

    def solo(self, actor: Actor) -> None:
        """Let an actor do all its work undisturbed: it may not fail."""
        self.scheduler.run(actor)
        if actor.error is not None:
            raise AssertionError(f"undisturbed, {actor.name} failed: {actor.error!r}") from actor.error


class _Holdings:
    """GetEntitlements: what buyers hold, for as long as their agreement lives."""

    def __init__(self, world: Protocol) -> None:
        self._world = world

    def get_entitlements(
        self,
        *,
        product_code: str,
        customer_identifier: str | None = None,
        license_arn: str | None = None,
        account_id: str | None = None,
    ) -> tuple[Entitlement, ...]:
        world = self._world

        def answer() -> tuple[Entitlement, ...]:
            ids = [b for b, buyer in world.buyers.items() if license_arn and buyer["licenseArn"] == license_arn]
            customer = customer_identifier or ids[0]
            return () if customer in world.cancelled else world.holdings.get(customer, ())

        found: tuple[Entitlement, ...] = world.scheduler.around("GetEntitlements", answer)
        return found


def _nothing() -> None:
    """What a pause does."""
