"""The local stage with what its file leaves out, deployed: prices, invoices, a highest count, engines' access logs."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.simulated_clock import clock_at
from local.stage import PROJECT, STAGE, LocalStage
from stacks import stage as stages
from stacks import synth
from tests.local.conftest import pause_schedules
from tests.local.stage.acting import WAIT_SCALE, Acting
from tests.products import selling
from tests.rights.recording import recorded
from yawl.engine import AccessLogs, Dimensions

if TYPE_CHECKING:
    from stacks.stage import Stage

#: The bucket of two load balancers. The engine behind the second one has no customer yet.
LOGS = "balancer-logs-local"
UNATTRIBUTED = "unattributed"
#: The dimension of which a month's highest count is billed.
HIGHEST = "worklet_invocations"


def whole_stage() -> "Stage":
    """Engines are read by their access logs alone."""
    stage = stages.load(STAGE, folder=PROJECT / "stages")
    (engine,) = stage.engines
    traffic = Dimensions(calls="api_calls", gigabytes="data_processed_gb")
    one = replace(engine, dimensions=traffic, access_logs=AccessLogs(bucket=LOGS, prefix=engine.id))
    other = replace(
        one,
        id=UNATTRIBUTED,
        customers={},
        access_logs=AccessLogs(bucket=LOGS, prefix=UNATTRIBUTED),
    )
    (product,) = stage.products
    priced = {name: replace(each, price=Decimal("0.05")) for name, each in product.dimensions.items()}
    return replace(
        selling(stage, dimensions=priced | {HIGHEST: replace(priced[HIGHEST], aggregation="max")}),
        reconciliation=replace(stage.reconciliation, invoices=True),
        engines=(one, other),
    )


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[LocalStage]:
    """The running stage, at half past eight of the simulated day."""
    folder = tmp_path_factory.mktemp("whole")
    clock, asked = clock_at(8.5, folder / "clock-offset"), folder / "rights.jsonl"
    settings = whole_stage().with_clock_offset_file(str(clock.file))
    _synthesize(settings, folder / "cdk.out")
    with (
        LocalStage(
            clock=clock,
            assembly=folder / "cdk.out",
            settings=settings,
            folder=folder,
            schedules=True,
            wait_scale=WAIT_SCALE,
            rights_file=asked,
        ) as running,
        recorded(running, asked, pytestconfig),
    ):
        pause_schedules(running)
        yield running


def _synthesize(stage: "Stage", out: Path) -> None:
    python = PROJECT / ".venv-lambda" / "bin" / "python"
    synth.build(stage, context={**synth.cdk_json_context(), "functionPython": str(python)}, out=out).synth()


@pytest.fixture(scope="session")
def acting(whole: LocalStage) -> Acting:
    return Acting(whole)
