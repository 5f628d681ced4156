"""What is dear to start and is started once: the deployed local stage, and one whole run of ``make run``'s program."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.simulated_clock import clock_at
from local.stage import LocalStage
from tests.local.run_program import Program, small_log
from tests.local.stage.acting import WAIT_SCALE
from tests.rights.recording import recorded
from tests.unit.buyer.webhook.receiver import LocalReceiver, receiving


@pytest.fixture(scope="session")
def webhook_receiver() -> Iterator[LocalReceiver]:
    """The vendor's app, to which the stage posts events."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def stage(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config, webhook_receiver: LocalReceiver
) -> Iterator[LocalStage]:
    """The stage, deployed; its clock, assembly, logs and state are of its own, so that a run beside it is not touched.

    It begins at half past eight of the simulated day. Schedules are looked at, but those of the stage are paused:
    they go by the machine's clock and would meter in the middle of a test.
    """
    folder = tmp_path_factory.mktemp("stage")
    clock = clock_at(8.5, folder / "clock-offset")
    asked = folder / "rights.jsonl"
    with LocalStage(
        clock=clock,
        folder=folder,
        schedules=True,
        wait_scale=WAIT_SCALE,
        dynamodb_faults=True,
        rights_file=asked,
        webhook_url=webhook_receiver.url,
    ) as running:
        pause_schedules(running)
        with recorded(running, asked, pytestconfig):
            yield running


def pause_schedules(stage: LocalStage) -> None:
    """They go by the machine's clock, and would meter in the middle of a test."""
    scheduler = stage.cloud.seller.client("scheduler")
    for entry in scheduler.list_schedules()["Schedules"]:
        deployed = scheduler.get_schedule(Name=entry["Name"], GroupName=entry["GroupName"])
        assert deployed["State"] == "ENABLED"
        kept = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
        scheduler.update_schedule(**{name: deployed[name] for name in kept}, State="DISABLED")  # type: ignore[literal-required]


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="session")
def killed_run(run_folder: Path) -> Program:
    """A run that was killed (SIGKILL) after its first hour, in the folder where the next one takes place."""
    program = Program(small_log(run_folder / "orders.xes.gz"), run_folder / "build")
    with program:
        program.wait_for("metered", timeout=90)
        program.addresses = program.listening()
        program.kill()
    assert not (program.out / "run.json").exists(), "it was to be killed in the middle"
    # before the next one begins in the same folder
    program.left = program.left_behind()
    return program


@pytest.fixture(scope="session")
def finished_run(killed_run: Program) -> Program:
    """A run of three hours, to its end, after one that was killed in the same folder."""
    program = Program(killed_run.log, killed_run.out)
    with program:
        program.end(timeout=120)
    program.addresses = program.listening()
    program.left = program.left_behind()
    return program
