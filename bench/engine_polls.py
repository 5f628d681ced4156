"""What reading a YAWL engine costs: questions to its log for each new case, and what known cases add to a reading."""

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bench.figure import Figure, Reading, Say, Table, at_most
from bench.units import published
from ledger import tables
from local.dynamodb.capacity import Capacity
from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import MemoryDynamoDB
from yawl.engine import Dimensions, Engine
from yawl.log.ports import CaseStart
from yawl.reconcile.known import SEGMENT, Known, Segment
from yawl.reconcile.log_starts import LogStarts
from yawl.reconcile.poll import Poll
from yawl.start import Specification
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Anchor, Change, Message

NOW = 1_796_040_000.0
NEW_CASES = 1_000
#: Questions that the issue allows for them.
MOST_QUESTIONS = 1_010
HISTORIES = (10_000, 100_000, 1_000_000)
#: New cases of a reading whose history differs.
A_FEW = 100
REPEATS = 3
ENGINE = Engine(
    id="bench", since=0.0, customers={"": "customer-1"}, dimensions=Dimensions(executions="workflow_executions")
)
SPECIFICATIONS = tuple(Specification(f"UID_{key}", "0.1", f"Spec{key}", key) for key in (1, 2, 3))


@dataclass
class Log:
    """An engine's log with so many cases, shared out among its specifications. questions: by action."""

    cases: int
    questions: Counter[str] = field(default_factory=Counter)
    clock_offset_ms: int | None = 0
    logins: int = 1

    def __post_init__(self) -> None:
        ids = [str(number) for number in range(1, self.cases + 1)]
        self._lists = {each: ids[position :: len(SPECIFICATIONS)] for position, each in enumerate(SPECIFICATIONS)}

    def specifications(self) -> Sequence[Specification]:
        self.questions["getAllSpecifications"] += 1
        return SPECIFICATIONS

    def case_ids(self, specification: Specification) -> list[str]:
        self.questions["getSpecificationCaseIDs"] += 1
        return self._lists[specification]

    def case_starts(self, case_id: str) -> Sequence[CaseStart]:
        self.questions["getCaseEvent"] += 1
        number = int(case_id)
        return [CaseStart(number, int((NOW - 600) * 1000), 2)] if 1 <= number <= self.cases else []

    def net_instances(self, specification: Specification) -> Mapping[str, Sequence[int]]:
        self.questions["getNetInstancesOfSpecification"] += 1
        return {}

    def service_name(self, key: int) -> str | None:
        self.questions["getServiceName"] += 1
        return "acme"

    def started(self, specification: Specification, first_ms: int, last_ms: int) -> int | None:
        self.questions["getSpecificationStatistics"] += 1
        return len(self._lists[specification])


class _Post:
    def send(self, message: Message, deduplication_id: str) -> None:
        """Take it: what SQS does with it is not measured."""


class Cost(NamedTuple):
    """Of one reading. reads, writes: units of the table. seconds: of this process's CPU."""

    questions: Counter[str]
    reads: float
    writes: int
    seconds: float


def reading(history: int, new: int) -> Cost:
    """A reading that finds so many new cases behind a history of known ones."""
    capacity = Capacity()
    dynamodb: Any = with_tables(MemoryDynamoDB(capacity=capacity))
    state = DynamoDBState(dynamodb, tables.ENGINES.name, ENGINE.database, lambda: NOW)
    if history:
        bits = (1 << history + 1) - 2
        segments = {
            position: Segment(bits >> position * SEGMENT & (1 << SEGMENT) - 1)
            for position in range(history // SEGMENT + 1)
        }
        for first in range(0, len(segments), 90):
            state.commit(Change(known=Known(dict(list(segments.items())[first : first + 90]))))
        state.advance(floor=history + 1, anchor=Anchor("1", 1, int((NOW - 600) * 1000)), services={2: "acme"})
    log = Log(history + new)
    poll = Poll(
        engine=ENGINE,
        state=state,
        source=LogStarts(ENGINE, log),
        sender=_Post(),
        clock=lambda: NOW,
        count=lambda _metric, _number: None,
    )
    capacity.clear()
    begun = time.process_time()
    polled = poll.run()
    seconds = time.process_time() - begun
    assert (polled.starts, polled.is_good) == (new, True)
    return Cost(log.questions, capacity.total_read, published(capacity.written), seconds)


def measure(say: Say) -> Figure:
    """Count and time. A history costs what its lists are long: the engine gives them whole or not at all."""
    say(f"{NEW_CASES} new cases")
    first, later = reading(0, NEW_CASES), reading(HISTORIES[0], NEW_CASES)
    questions = max(first.questions.total(), later.questions.total())
    costs = {}
    for history in HISTORIES:
        say(f"{history:,} known cases")
        runs = [reading(history, A_FEW) for _ in range(REPEATS)]
        costs[history] = runs[0]._replace(seconds=statistics.median(run.seconds for run in runs))
    small, large = costs[HISTORIES[0]], costs[HISTORIES[-1]]
    more = (HISTORIES[-1] - HISTORIES[0]) / HISTORIES[0]
    return Figure(
        name="engine_polls",
        title="Reading a YAWL engine",
        method=(
            "The connector's own code over the store in memory and a log that answers at once. Questions: of a reading "
            f"that finds {NEW_CASES:,} new cases in {len(SPECIFICATIONS)} specifications, the first one or a later "
            f"one, whichever asks more. History: a reading that finds {A_FEW} new cases behind known ones; the table's "
            f"units, and this process's CPU time, at {HISTORIES[-1]:,} over {HISTORIES[0]:,} known cases."
        ),
        readings=[
            at_most(f"questions for {NEW_CASES:,} new cases", questions, MOST_QUESTIONS, digits=0),
            at_most("questions, by history", large.questions.total() / small.questions.total(), 1.0),
            at_most("write units, by history", large.writes / small.writes, 1.05),
            at_most("read units, by history", large.reads / small.reads, 5.0),
            Reading(
                what=f"CPU time, by history ({more + 1:.0f} times as long)",
                target="less than the history",
                reached=f"{large.seconds / small.seconds:.1f}",
                met=large.seconds / small.seconds < more,
            ),
        ],
        tables=[
            Table(
                title=f"A reading with {A_FEW} new cases",
                head=["known cases", "questions", "read units", "write units", "over the smallest, in CPU time"],
                rows=[
                    [
                        f"{history:,}",
                        f"{cost.questions.total():,}",
                        f"{cost.reads:,.1f}",
                        f"{cost.writes:,}",
                        f"{cost.seconds / small.seconds:.1f}",
                    ]
                    for history, cost in costs.items()
                ],
            )
        ],
        notes=[
            "The engine has no question for what is new: `getSpecificationCaseIDs` lists every case that ever started, "
            "so its answer, and the look into a bitmap for each id, grow with the history. All else grows with new "
            "cases. An agent that reads the engine's database asks for new rows only."
        ],
        data={"questions": questions},
    )
