"""Today's stacks over those of the last release, while a metering run of then is under way."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import tables
from local.simulated_clock import clock_at
from local.stage import LocalStage, finish_synth, start_synth
from tests.local.stage.accounts import billed_all, times, use
from tests.local.stage.acting import WAIT_SCALE, Acting, wait_until
from tests.releases import last

pytestmark = [pytest.mark.local, pytest.mark.timeout(240)]


@pytest.fixture
def today(tmp_path: Path) -> Path:
    """Today's assembly, of a clock in this folder."""
    assembly = tmp_path / "today"
    finish_synth(start_synth(tmp_path / "clock-offset", assembly, tmp_path))
    return assembly


@pytest.fixture
def released(tmp_path: Path, today: Path) -> Iterator[LocalStage]:
    """The stage as the last release deployed it."""
    clock = clock_at(8.5, tmp_path / "clock-offset")
    assembly = last.unpack(tmp_path / "last", today=today, clock_file=tmp_path / "clock-offset")
    with LocalStage(clock=clock, assembly=assembly, folder=tmp_path, wait_scale=WAIT_SCALE) as stage:
        yield stage


def test_a_run_under_way_ends_with_the_code_it_began_with_and_loses_nothing(released: LocalStage, today: Path) -> None:
    acting = Acting(released)
    buyer, later = acting.arrive(2)
    use(acting, buyer)
    acting.close_hour()
    # Marketplace takes nothing until the update is over: the run waits, and has another pass after it
    released.marketplace.arm("throttle", times=100_000)
    run = acting.start_run()
    wait_until(lambda: "WaitForMarketplace" in acting.states_of(run), "the run waits for Marketplace")
    subscribers = released.items(tables.SUBSCRIBERS)

    outputs = released.cloud.deploy(today)
    assert outputs["YawlMetering-local-Metering"]["StateMachineArn"] == released.state_machine_arn
    assert released.items(tables.SUBSCRIBERS) == subscribers
    assert acting.billed(buyer) == {}, "it is still under way"
    released.marketplace.clear_faults()
    ended = acting.end_run(run, timeout=120)
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["release"] == "last", "the last of its steps was that release's still"
    assert set(acting.verdicts(buyer).values()) == {"billed"}

    # from now on it is today's code, over what was stored then
    use(acting, buyer, later)
    acting.close_hour()
    assert "release" not in released.meter()
    billed_all(acting, times(2, buyer) | times(1, later), buyer, later)
