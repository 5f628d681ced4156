"""Why an hour or a line waits, in the words of a person who has to decide what to do. Pure, but for ``Rules.of``."""

from dataclasses import dataclass

from ledger import tables
from ledger.hold import SENT_ANYWAY
from ledger.metering_record import Line, MeteringRecord
from ledger.pauses import Pause, Paused, Pauses
from ledger.subscriber import Subscriber
from marketplace.hour import SECONDS, deadline
from marketplace.products import Products
from metering.run import Mode
from metering.seal.terms import Waiting, terms_of
from metering.send.plan_batches import LAST_CHANCE, RECHECK, is_due
from ops.answer import cell
from ops.change import STAGE_SUBJECT
from ops.line_id import LineId, short_hour
from ops.read.errors_page import meaning
from ops.stage import OpenStage
from runtime.clock import iso
from stacks.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why something waits: a word to count by, a sentence, and what can be done."""

    reason: str
    says: str
    next: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What decides whether an hour moves on."""

    mode: Mode
    products: Products
    seal_delay: int
    paused: Paused

    @classmethod
    def of(cls, stage: OpenStage) -> "Rules":
        """The rules of a stage, with what is paused now."""
        settings = stage.settings
        return cls(
            mode=mode_of(settings),
            products=settings.products,
            seal_delay=60 * settings.seal_delay_minutes,
            paused=Pauses(stage.table(tables.STATE)).read(),
        )

    def pause_of(self, customer: str) -> tuple[str, Pause] | None:
        """The pause that holds a customer, and whom it is of; None where nothing holds it."""
        for whom in (STAGE_SUBJECT, customer):
            if whom in self.paused.pauses:
                return whom, self.paused.pauses[whom]
        return None

    def hour(self, record: MeteringRecord, subscriber: Subscriber | None, now: float) -> Why | None:
        """Why an hour is not sealed; None where it is."""
        if record.state == "sealed":
            return None
        due = record.hour + SECONDS + self.seal_delay
        if now < record.hour + SECONDS:
            return Why(reason="running", says=f"the hour is running; it is metered from {iso(due)} on")
        terms = terms_of(subscriber, record, self.products)
        if isinstance(terms, Waiting):
            row = meaning(terms.reason, "Why an hour waits")
            says = f"it cannot be sealed ({terms.reason})" + (
                f": missing is {row.cells['what is missing']}" if row else ""
            )
            do = (row.cells["what to do"],) if row else ()
            return Why(reason=terms.reason, says=says, next=(*do, f"ops customer {record.customer_identifier}"))
        if now < due:
            return Why(reason="not_due", says=f"late events still reach it; it is metered from {iso(due)} on")
        return Why(reason="to_be_sealed", says="the next run seals it", next=RUN)

    def line(self, record: MeteringRecord, line: Line, subscriber: Subscriber | None, now: float) -> Why | None:
        """Why a line of a sealed hour has not ended; None where it has."""
        if line.ended:
            return None
        customer = record.customer_identifier
        if now >= line.deadline:
            return Why(reason="overdue", says="its deadline is over: the next run ends it as expired", next=RUN)
        pause = self.pause_of(customer)
        if pause is not None:
            step = f"{resume(pause[0])}, before {iso(line.deadline)}"
            return Why(reason="paused", says=pause_says(pause[1]), next=(step,))
        if line.hold is not None and line.is_on_hold(now):
            named = line_id(record, line)
            says = f"it waits for a person: {cell(line.hold.times)} times the customer's usual"
            says += f" ({cell(line.hold.usual)} recorded units); it is sent all the same from"
            says += f" {iso(line.deadline - SENT_ANYWAY)} on"
            steps = (f'ops release {named} --why "...": send it', f'ops refuse {named} --why "...": never send it')
            return Why(reason="unusual", says=says, next=steps)
        if not self.mode.sends(customer):
            says = f"meteringMode {self.mode.name} does not send it; it ends not_sent at {iso(line.deadline)}"
            return Why(reason="mode", says=says, next=("another meteringMode in the stage file, then make deploy",))
        if line.is_under_way(now):
            return Why(reason="under_way", says="a run is sending it at this moment")
        if line.verdict == "not_subscribed":
            return self._not_subscribed(record, line, subscriber, now)
        if line.verdict == "rejected":
            says = f"AWS Marketplace refuses it ({line.detail}); each run tries it again until {iso(line.deadline)}"
            return Why(reason="rejected", says=says, next=(f"ops explain {line.detail}", *RUN))
        if line.attempts:
            says = "it was sent and no answer came: the next run sends the same line again, which cannot bill it twice"
            return Why(reason="unanswered", says=says, next=RUN)
        return Why(reason="to_be_sent", says="it was not sent yet: the next run sends it", next=RUN)

    def _not_subscribed(self, record: MeteringRecord, line: Line, subscriber: Subscriber | None, now: float) -> Why:
        named = f"ops customer {record.customer_identifier}"
        says = "AWS Marketplace says that the buyer is not subscribed"
        says += f" ({line.detail})" if line.detail else ""
        if is_due(line, subscriber, now):
            return Why(reason="not_subscribed", says=f"{says}; the next run asks again", next=(named, *RUN))
        again = iso(int(min((line.at or now) + RECHECK, line.deadline - LAST_CHANCE)))
        says += f"; it is asked again from {again} on, and when the subscriber's status changes"
        return Why(reason="not_subscribed", says=says, next=(named, "ops explain not_subscribed"))


#: How a run is started by hand.
RUN = ("ops status: when the last run was; docs/operations.md has how to start one",)


def mode_of(settings: Stage) -> Mode:
    """The stage's metering mode."""
    return Mode(settings.metering_mode, frozenset(settings.test_buyers))


def pause_says(pause: Pause) -> str:
    """A pause in a sentence's part."""
    return f"paused since {iso(int(pause.at))} by {pause.by}: {pause.why}"


def resume(whom: str) -> str:
    """The command that ends a pause."""
    return 'ops resume --why "..."' if whom == STAGE_SUBJECT else f'ops resume {whom} --why "..."'


def hour_deadline(record: MeteringRecord) -> int:
    """The moment from which nothing of the hour is sent any more (epoch seconds)."""
    open_lines = [line.deadline for line in record.lines.values() if not line.ended]
    return min(open_lines, default=deadline(record.hour))


def line_id(record: MeteringRecord, line: Line) -> str:
    """The line as the command line names it."""
    return str(LineId(record.customer_identifier, record.hour, line.dimension))


def hour_id(record: MeteringRecord) -> str:
    """The hour as the command line names it."""
    return f"{record.customer_identifier}/{short_hour(record.hour)}"
