"""Every unit that the system accepts is billed exactly once, or ends in a named state: whatever happens, in any order.

A state machine of recorders, hourly runs, notices, final metering, faults, crashes and passing time (``moves``); actors
run the project's code and stop before every effect (``tests.simulation``). After every effect the ``judge`` holds both
sums and what was sent against the tables and Marketplace's side of each call; at last nothing breaks any more until
nothing changes, and the whole ``promise`` is checked.

``PROTOCOL_HUNT=5000 pytest tests/properties/test_promise.py`` looks for new counter-examples, as long as that takes.
"""

import os
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from marketplace.tiers import Tier
from runtime.clock import from_iso
from tests.properties import moves
from tests.properties.play import play
from tests.simulation.determinism import one_seed
from tests.simulation.judge import Judge
from tests.simulation.new_protocol import new_protocol
from tests.simulation.promise import all_records, check_indexes, check_promise, needlessly_lost
from tests.simulation.protocol import Protocol

HUNT = int(os.environ.get("PROTOCOL_HUNT", "0"))
INCLUDED = {
    "workflow_executions": Decimal(4),
    "api_calls": Decimal(1500),
    "active_users": Decimal(1),
    "data_processed_gb": Decimal(-1),
}


class Promise(RuleBasedStateMachine):
    """What can happen to two customers, one of each integration."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.judge = Judge()
        self.world: Protocol | None = None

    @initialize(
        start=st.sampled_from(("2026-11-15T08:00:00Z", "2026-11-15T08:59:30Z", "2026-11-30T22:40:00Z")),
        contract=st.booleans(),
        identical_resend=st.sampled_from(("Success", "DuplicateRecord")),
        finish=st.booleans(),
        zeros=st.sampled_from(("off", "every")),
    )
    def begin(self, start: str, contract: bool, identical_resend: str, finish: bool, zeros: str) -> None:
        values: dict[str, Any] = {"now": from_iso(start), "identical_resend": identical_resend, "zeros": zeros}
        if contract:
            values |= {"pricing_model": "contract-with-consumption", "tiers": (Tier("basic", INCLUDED),)}
        self.finish = finish
        self.world = new_protocol(self.stack.enter_context(one_seed()), watcher=self.judge, **values)
        self.judge.watch(self.world)
        self.world.scheduler.after = self._held
        for kind in ("license", "legacy"):
            self.world.join(kind)

    def _play(self, move: moves.Move) -> None:
        assert self.world is not None
        play(self.world, move)

    def _held(self) -> None:
        assert not self.judge.broken, "; ".join(self.judge.broken[:3])

    @rule(move=moves.REPORTS)
    def record(self, move: moves.Report) -> None:
        self._play(move)

    @rule(move=moves.REPORTS)
    def record_again_or_late(self, move: moves.Report) -> None:
        self._play(move)

    @rule(move=moves.RUNS)
    def run_of_the_hour(self, move: moves.Run) -> None:
        self._play(move)

    @rule(move=moves.RUNS, late=moves.REPORTS, after=moves.STEPS)
    def race(self, move: moves.Run, late: moves.Report, after: moves.Step) -> None:
        """Usage arrives while a run stands before one of its writes, or another run has just died."""
        for each in (move, late, after):
            self._play(each)

    @rule(move=moves.STEPS)
    def somebody_goes_on(self, move: moves.Step) -> None:
        self._play(move)

    @rule(move=moves.WAITS)
    def time_passes(self, move: moves.Wait) -> None:
        self._play(move)

    @rule(move=moves.ARMS)
    def marketplace_is_in_trouble(self, move: moves.Arm) -> None:
        self._play(move)

    @rule(move=moves.SUBSCRIBES)
    def leave_or_come_back(self, move: moves.Subscribe) -> None:
        self._play(move)

    @rule(move=moves.AGAINS)
    def ended_or_started_again(self, move: moves.Again) -> None:
        self._play(move)

    @rule(move=moves.DELIVERIES)
    def deliver(self, move: moves.Deliver) -> None:
        self._play(move)

    @rule(move=moves.MODES)
    def set_mode(self, move: moves.Mode) -> None:
        self._play(move)

    @invariant()
    def nothing_is_broken(self) -> None:
        self._held()
        if self.world is not None:
            check_indexes(all_records(self.world))

    def teardown(self) -> None:
        try:
            if self.world is not None and not self.judge.broken:
                self._settle(self.world)
        finally:
            if self.world is not None:
                self.world.scheduler.after = None
                self.world.scheduler.end_all(finish=False)
            self.stack.close()

    def _settle(self, world: Protocol) -> None:
        world.scheduler.end_all(finish=self.finish)
        before, now = all_records(world), world.now
        world.drain()
        check_promise(world)
        assert not needlessly_lost(world, before, now)


TestPromise = Promise.TestCase
TestPromise.settings = settings(
    max_examples=HUNT or 250,
    stateful_step_count=25,
    derandomize=not HUNT,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
