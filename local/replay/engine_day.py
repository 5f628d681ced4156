"""The customer of a run whose executions, worklets and users come through a YAWL engine, and not through the API."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ledger.usage_events import event_key
from local.engine_connection import EngineConnection, engine_of, store_password
from local.engine_plan import EnginePlan
from local.fold import ACTIVE_USERS, WORKFLOW_EXECUTIONS, WORKLET_INVOCATIONS, UsageEvent
from local.replay.send_usage import Tally
from local.run_report.extras import Check
from local.simulated_clock import moment_of
from local.stage import LocalStage
from local.yawl_engine import Specification, StandInEngine
from local.yawl_engine.engine import WORKLETS, WORKLIST
from local.yawl_engine.log import START
from marketplace_local.clock import MovableClock

ORDERS = Specification("UID_7f3c9a10-0000-4000-8000-000000000001", "0.1", "Orders")
REWORK = Specification("UID_7f3c9a10-0000-4000-8000-000000000002", "0.1", "Rework")
#: One announcement of a start in so many is lost on purpose.
LOST = 4
#: Hours after an hour's start at which the engine's log is read: its cases have their rows, and the hour is still open.
READ_AT = 1 + 3 / 60
PASSWORD = "a password of the local stage"  # noqa: S105  # of a stand-in that never leaves this machine


@dataclass(frozen=True)
class Started:
    """What the engine's own log shows. ids: of the usage events of its cases. units: by dimension, users aside."""

    ids: frozenset[str]
    units: Counter[str]


class EngineDay:
    """The engine's day. It has a clock of its own, so that each case starts at its time of the plan."""

    def __init__(self, stage: LocalStage, plan: EnginePlan, customer: str, stack: ExitStack) -> None:
        """Starts the stand-in until the end of ``stack``, and connects it as docs/yawl.md says."""
        self._stage, self._plan, self._customer = stage, plan, customer
        self._clock = MovableClock()
        self._clock.set(stage.clock())
        clients = {"metering": PASSWORD}
        self.yawl = stack.enter_context(StandInEngine(now=self._clock, clients=clients))
        for specification in (ORDERS, REWORK):
            self.yawl.engine.load(specification)
        store_password(stage, PASSWORD)
        described = engine_of(stage, self.yawl.url, self.yawl.resource_url, customers={"": customer})
        self._connection = EngineConnection(stage, described)
        self.yawl.engine.register(self._connection.announcement_url, name="metering-marketplace")
        self.yawl.arm("lose", action="announceCaseStarted", every=LOST, times=None)
        self._people: set[str] = set()
        self._added: Counter[str] = Counter()

    @property
    def address(self) -> str:
        """The engine's address, and that of the page that shows it."""
        return f"{self.yawl.url}  (its page: {self.yawl.admin_url})"

    def pass_hour(self, hour: int, day: date) -> Counter[str]:
        """Plays the hour, restarts the engine in the middle of the day, and lets its log be read.

        Returns how much happened by dimension. Raises ReadingFailed.
        """
        events = self._plan.events.get(hour, [])
        hours = sorted(self._plan.events)
        if hour == hours[len(hours) // 2]:
            half = len(events) // 2
            self._play(events[:half], day)
            self.yawl.engine.announcer.wait()
            self.yawl.restart()
            self._play(events[half:], day)
        else:
            self._play(events, day)
        self.yawl.engine.announcer.wait()
        for clock in (self._stage.clock, self._clock):
            clock.set(moment_of(day, hour + READ_AT))
        self._connection.read()
        return Counter(usage.dimension for usage in events)

    def _play(self, events: Iterable[UsageEvent], day: date) -> None:
        for usage in events:
            self._clock.set(moment_of(day, 0) + usage.at / 1000)
            self._happen(usage)

    def _happen(self, usage: UsageEvent) -> None:
        engine = self.yawl.engine
        if usage.dimension == WORKFLOW_EXECUTIONS:
            engine.launch(ORDERS.identifier, by=WORKLIST)
        elif usage.dimension == WORKLET_INVOCATIONS:
            engine.launch(REWORK.identifier, by=WORKLETS)
        elif usage.user is not None:
            # The resource service names people by its own ids, never by their names.
            person = f"PA-{hashlib.sha256(usage.user.encode()).hexdigest()[:32]}"
            self._people.add(person)
            engine.work(ORDERS, person)

    def add_to(self, tally: Tally) -> None:
        """Adds what the engine's own log shows, beyond the last time, as received and recorded.

        The check of the ledger then fails unless just that is stored.
        """
        shown = self._started().units + Counter({ACTIVE_USERS: len(self._people)})
        for dimension, units in (shown - self._added).items():
            key = (self._customer, dimension)
            tally.received[key] += Decimal(units)
            tally.by_verdict["recorded"][key] += Decimal(units)
        self._added = shown

    def finish(self, tally: Tally) -> None:
        """Adds what happened since the last hour was added."""
        self.add_to(tally)

    def check(self, events: Iterable[Mapping[str, Any]]) -> Check:
        """Holds the ledger's usage events against the engine's own log, case by case."""
        started = self._started()
        of_engine = event_key(f"yawl:{self._connection.engine.id}:")
        stored = [event["eventId"] for event in events if event["eventId"].startswith(of_engine)]
        cases = [name for name in stored if ":user:" not in name]
        sent = [s.outcome for s in self.yawl.engine.announcer.log if s.action == "announceCaseStarted"]
        cases_in_log, worklets = started.units[WORKFLOW_EXECUTIONS], started.units[WORKLET_INVOCATIONS]
        return Check(
            statement="Each case of the YAWL engine's log is recorded once, and nothing else.",
            holds=Counter(cases) == Counter(started.ids) and len(stored) - len(cases) == len(self._people),
            figures=(
                f"{self._plan.customer}: {cases_in_log} cases, {worklets} worklets, {len(self._people)} people; "
                f"{sent.count('lost')} of {len(sent)} announcements lost on purpose, the engine restarted once"
            ),
        )

    def _started(self) -> Started:
        log = self.yawl.engine.log
        engine = self._connection.engine
        ids, units = set(), Counter[str]()
        with self.yawl.engine.lock:
            for logged in log.specifications():
                for instance in log.instances(logged.key):
                    (start,) = log.events(instance.case_id, START)
                    worklet = log.service_name(start.service) == WORKLETS
                    kind = "worklet" if worklet else "case"
                    ids.add(event_key(f"yawl:{engine.id}:{engine.epoch}:{kind}:{instance.case_id}#1"))
                    units[WORKLET_INVOCATIONS if worklet else WORKFLOW_EXECUTIONS] += 1
        return Started(frozenset(ids), units)
