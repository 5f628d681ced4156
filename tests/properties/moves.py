"""What the state machine does, one dataclass a kind, and the strategies by which Hypothesis makes them.

Every move is possible in every state, so that a failing example can be cut at will. What is chosen is weighted: most
examples shall meter something, and be disturbed while they do.
"""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from tests.simulation.faults import FAULTS

CUSTOMERS = 2


@dataclass(frozen=True)
class Go:
    """How far an actor goes: so many effects (None: to its end); ``writes``: so many writes, and on to the next.

    Then the fault strikes its next write; ``lagging`` its next look into an index.
    """

    effects: int | None = None
    writes: bool = False
    fault: str | None = None


@dataclass(frozen=True)
class Event:
    """``slot``: the same slot of a customer is the same event id; the first use settles what it says.

    early: seconds by which ``occurredAt`` lies before now. altered: other content under the same id.
    """

    slot: int
    dimension: str
    quantity: str
    early: int = 0
    user: str = "ann"
    altered: bool = False


@dataclass(frozen=True)
class Void:
    """The event of a slot is taken back, whether or not there is one yet."""

    slot: int


@dataclass(frozen=True)
class Report:
    """A request of ``POST /usage``; ``skew``: seconds by which that function's clock is ahead."""

    customer: int
    events: tuple[Event | Void, ...]
    go: Go = Go()
    skew: float = 0.0


@dataclass(frozen=True)
class Run:
    """A run of the hourly workflow, if ``on_time`` at the next ten past; else again, beside others, or by hand.

    delayed: with the seal delay, else of the hour that has just closed.
    """

    on_time: bool = True
    delayed: bool = True
    go: Go = Go()
    skew: float = 0.0


@dataclass(frozen=True)
class Step:
    """Some actor that is still alive goes on."""

    actor: int
    go: Go = Go()


@dataclass(frozen=True)
class Wait:
    """Time passes: seconds, or until ten past the hour, or until the nearest deadline is so many seconds ahead."""

    until: Literal["seconds", "next_run", "deadline", "month_end"]
    seconds: int = 0


@dataclass(frozen=True)
class Arm:
    """A fault of Marketplace itself, for one call, or until the drain."""

    kind: str
    word: str = ""
    customer: int | None = None
    lasting: bool = False


@dataclass(frozen=True)
class Subscribe:
    """A customer leaves or comes back; ``told``: the notice arrives at once, else with a later one.

    refetched: what the contract includes is fetched again after it; else it is known too late to seal with.
    """

    customer: int
    told: bool = True
    refetched: bool = True


@dataclass(frozen=True)
class Deliver:
    """A notice that is on its way arrives, or one that arrived comes again, at the life's or the entitlements' queue;
    or the subscribers' stream is read, or somebody looks after leavers.
    """

    what: Literal["new", "old", "entitlements", "stream", "caretaker"]
    which: int = 0
    go: Go = Go()


@dataclass(frozen=True)
class Again:
    """Another end of the period that has ended, or another start of the one that is open; the notice is on its way."""

    customer: int


@dataclass(frozen=True)
class Mode:
    """The stage's meteringMode is set anew; runs that go on keep the one they started with."""

    mode: str


Move = Report | Run | Step | Wait | Arm | Subscribe | Deliver | Again | Mode

_QUANTITIES = {
    "workflow_executions": ("1", "2", "5", "0.4"),
    "api_calls": ("400", "999", "2500"),
    "data_processed_gb": ("0.25", "1.000001"),
    "active_users": ("1",),
    "peak_nodes": ("3", "7", "9"),
}
_WAITS = (
    *(Wait("next_run") for _ in range(4)),
    *(Wait("seconds", seconds) for seconds in (1, 61, 130, 600, 600, 3600, 3600, 5 * 3600)),
    *(Wait("deadline", seconds) for seconds in (1900, 200, 1, -1)),
    *(Wait("month_end", seconds) for seconds in (3000, 60)),
)
_SKEWS = st.sampled_from((0.0, 0.0, 0.0, 3.0, -3.0))
_CUSTOMER = st.integers(0, CUSTOMERS - 1)
_FAULT = st.one_of(st.none(), st.sampled_from(FAULTS))

#: to the end; to some write, and the fault strikes there; so many effects
GOES = st.one_of(
    st.just(Go()),
    st.builds(Go, st.sampled_from((0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6)), st.just(True), _FAULT),
    st.builds(Go, st.integers(1, 20), st.just(False), _FAULT),
)


@st.composite
def _events(draw: st.DrawFn) -> Event:
    dimension = draw(st.sampled_from((*_QUANTITIES, "workflow_executions", "api_calls")))
    return Event(
        slot=draw(st.integers(0, 23)),
        dimension=dimension,
        quantity=draw(st.sampled_from(_QUANTITIES[dimension])),
        early=draw(st.sampled_from((0, 0, 0, 90, 1800, 1800, 1800, 1800, 3700, 7300, 80000, -120))),
        user=draw(st.sampled_from(("ann", "bob", "eve"))),
        altered=draw(st.sampled_from((False,) * 9 + (True,))),
    )


_REPORTED = st.one_of(_events(), _events(), _events(), st.builds(Void, st.integers(0, 23)))
REPORTS = st.builds(Report, _CUSTOMER, st.lists(_REPORTED, min_size=1, max_size=3).map(tuple), GOES, _SKEWS)
RUNS = st.builds(Run, st.sampled_from((True, True, False)), st.sampled_from((True, True, True, False)), GOES, _SKEWS)
STEPS = st.builds(Step, st.integers(0, 7), GOES)
WAITS = st.sampled_from(_WAITS)
ARMS = st.one_of(
    st.sampled_from(("throttle", "server-error", "lost-answer", "unprocessed", "reordered", "omitted")).map(Arm),
    st.builds(Arm, st.just("error"), st.just("InvalidLicenseException"), _CUSTOMER, st.booleans()),
    st.builds(
        Arm,
        st.just("error"),
        st.sampled_from(("AccessDeniedException", "InvalidProductCodeException")),
        st.none(),
        st.booleans(),
    ),
    st.builds(Arm, st.just("status"), st.just("CustomerNotSubscribed"), _CUSTOMER, st.booleans()),
)
SUBSCRIBES = st.builds(Subscribe, _CUSTOMER, st.booleans(), st.booleans())
DELIVERIES = st.builds(
    Deliver, st.sampled_from(("new", "new", "old", "entitlements", "stream", "caretaker")), st.integers(0, 20), GOES
)
AGAINS = st.builds(Again, _CUSTOMER)
MODES = st.sampled_from(("live", "live", "off", "dry-run")).map(Mode)
