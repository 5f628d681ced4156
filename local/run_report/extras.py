"""What the page and the console show besides run.json."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from local.run_report.schema import Customer


@dataclass(frozen=True, kw_only=True)
class DimensionFacts:
    """unit: the name of one recorded unit (``call``). scale: recorded units in one billed unit (1,000 calls)."""

    unit: str
    scale: int = 1


@dataclass(frozen=True, kw_only=True)
class CustomerFacts:
    """week: the part of the log that this customer replays. tier: its contract's. cancelled: ``16:20``, or None."""

    week: str
    tier: str | None = None
    cancelled: str | None = None


@dataclass(frozen=True, kw_only=True)
class HourFacts:
    """One metered hour. hour: its start, ISO. events: usage events sent by dimension. Quantities before scaling."""

    hour: str
    events: Mapping[str, int]
    recorded: Mapping[str, Decimal]
    billed: Mapping[str, Decimal]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class MixIn:
    """Events that the run mixed in. name: their purpose. answers: the number of events by answer."""

    name: str
    sent: int
    answers: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A statement that the run proves or refutes, with the figures behind it."""

    statement: str
    holds: bool
    figures: str = ""


@dataclass(frozen=True, kw_only=True)
class LogFacts:
    """Counts of the log. outside: usage events of hours that are not replayed. share: one case in so many is."""

    cases: int
    events: int
    people: int
    without_timestamp: int
    first: str
    last: str
    share: int
    replayed_cases: int
    outside: int


@dataclass(frozen=True, kw_only=True)
class Extras:
    """All extras. customers: by customerIdentifier. refusals: events by reason. timings: seconds by step, in order.

    stand_ins: sentences on usage that the log does not really contain. A check that fails turns the page red.
    """

    dimensions: Mapping[str, DimensionFacts]
    log: LogFacts
    customers: Mapping[str, CustomerFacts] = field(default_factory=dict)
    hours: tuple[HourFacts, ...] = ()
    refusals: Mapping[str, int] = field(default_factory=dict)
    mix_ins: tuple[MixIn, ...] = ()
    checks: tuple[Check, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    stand_ins: tuple[str, ...] = ()

    def in_order(self, customers: Iterable[Customer]) -> list[Customer]:
        """The customers in the order of their weeks; those without a week come last."""

        def week(customer: Customer) -> tuple[bool, str, str]:
            facts = self.customers.get(customer.customerIdentifier)
            week = facts.week if facts else ""
            return (not week, week, customer.customerIdentifier)

        return sorted(customers, key=week)
