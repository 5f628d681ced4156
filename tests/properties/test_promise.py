"""Every unit that the system accepts is billed exactly once, or ends in a named state: whatever happens, in any order.

Hypothesis makes schedules of recorders, hourly runs, faults, crashes and passing time (``moves``); actors run the
project's code and stop before every effect (``scheduler``). After a schedule nothing breaks any more until nothing
changes; then ``promise`` is checked against the tables and Marketplace's log.

``PROTOCOL_HUNT=5000 pytest tests/properties/test_promise.py`` looks for new counter-examples, as long as that takes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from marketplace.tiers import Tier
from runtime.clock import from_iso
from tests.properties.moves import Move, reduced, schedule_of
from tests.simulation.new_protocol import protocol
from tests.properties.play import play
from tests.simulation.promise import all_records, check_indexes, check_promise, needlessly_lost

HUNT = int(os.environ.get("PROTOCOL_HUNT", "0"))
EXAMPLES = settings(
    max_examples=HUNT or 50,
    derandomize=not HUNT,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
INCLUDED = {
    "workflow_executions": Decimal(4),
    "api_calls": Decimal(1500),
    "active_users": Decimal(1),
    "data_processed_gb": Decimal(-1),
}


@dataclass(frozen=True)
class Setting:
    """``finish``: whether actors that are left at the end finish, or die."""

    start: str
    contract: bool
    identical_resend: str
    finish: bool


SETTINGS = st.builds(
    Setting,
    start=st.sampled_from(("2026-11-15T08:00:00Z", "2026-11-15T08:59:30Z", "2026-11-30T22:40:00Z")),
    contract=st.booleans(),
    identical_resend=st.sampled_from(("Success", "DuplicateRecord")),
    finish=st.booleans(),
)


def simulate(schedule: Sequence[Move], setting: Setting) -> None:
    """Run a schedule, drain, and judge. Raises AssertionError where the promise is broken."""
    values: dict[str, Any] = {"now": from_iso(setting.start), "identical_resend": setting.identical_resend}
    if setting.contract:
        values |= {"pricing_model": "contract-with-consumption", "tiers": (Tier("basic", INCLUDED),)}
    with protocol(**values) as world:
        for kind in ("license", "legacy"):
            world.join(kind)
        died = 0
        for move in schedule:
            play(world, move)
            if died != (died := sum(actor.error is not None for actor in world.scheduler.actors)):
                check_indexes(all_records(world))
        world.scheduler.end_all(finish=setting.finish)
        before, now = all_records(world), world.now
        check_indexes(before)
        world.drain()
        check_promise(world)
        assert not needlessly_lost(world, before, now)


def breaks(schedule: Sequence[Move], setting: Setting) -> bool:
    try:
        simulate(schedule, setting)
    except Exception:
        return True
    return False


@EXAMPLES
@given(schedule=st.integers(0, 2**64 - 1).map(schedule_of), setting=SETTINGS)
def test_every_accepted_unit_is_billed_once_or_named(schedule: Sequence[Move], setting: Setting) -> None:
    try:
        simulate(schedule, setting)
    except Exception:
        shortest = reduced(schedule, lambda part: breaks(part, setting))
        print("\n".join(["a shortest schedule that breaks the promise:", repr(setting), *map(repr, shortest)]))
        simulate(shortest, setting)
        raise
