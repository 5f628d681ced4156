"""``make run``: from an event log, through the synthesized stacks, to accepted Marketplace records.

It reads the log and folds it into one working day, synthesizes and deploys the stage ``local`` on the local cloud,
brings buyers, replays and meters the day hour by hour, and adds up. It fails if one unit is unaccounted for.
"""

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from local.cloud import CloudFailed, DeployFailed, WorkflowFailed
from local.cloud.children import ChildFailed
from local.cloud.marketplace_account import EventRefused
from local.engine_connection import ReadingFailed
from local.interrupts import heed_interrupts
from local.replay.buyers import BuyersFailed
from local.replay.living_engine import EngineRefuses, LivingEngine
from local.replay.send_usage import SendingFailed
from local.replay.whole_run import console, replay
from local.stage import BUILD, SynthFailed
from local.xes import XesError
from local.yawl_engine import Refused
from marketplace_local.admin import AdminRefused

SHIPPED_LOG = Path(__file__).resolve().parent / "sample_log" / "yawl-orders.xes.gz"
#: The default share of a log that is not ours, one case in so many, because real logs are long.
SHARE_OF_OTHERS = 5


class AlreadyRunning(RuntimeError):
    """Another run uses the same folder."""


#: Failures that end the run with one line; any other one is a defect and shows its traceback.
EXPECTED_FAILURES = (
    AdminRefused,
    AlreadyRunning,
    BuyersFailed,
    ChildFailed,
    CloudFailed,
    DeployFailed,
    EngineRefuses,
    EventRefused,
    ReadingFailed,
    Refused,
    SendingFailed,
    SynthFailed,
    WorkflowFailed,
    XesError,
    OSError,
    ValueError,
)


@contextmanager
def sole_run(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, which the kernel releases with the process. Raises AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"a run is under way in {folder}; wait for it, or set OUT to another folder") from None
        yield


def main(
    log: Annotated[Path | None, typer.Option(envvar="LOG", help="an event log in XES, plain or gzip")] = None,
    share: Annotated[
        int | None, typer.Option(envvar="SHARE", min=1, help="replay one case in so many (1: all)")
    ] = None,
    hours: Annotated[int, typer.Option(envvar="HOURS", min=1, max=24, help="how many hours of the day")] = 12,
    engine: Annotated[
        str | None, typer.Option(envvar="ENGINE", help="a living YAWL engine in place of the stand-in, http://…/yawl")
    ] = None,
    engine_user: Annotated[str, typer.Option(envvar="ENGINE_USER", help="its client account")] = "admin",
    engine_password: Annotated[str, typer.Option(envvar="ENGINE_PASSWORD", help="that account's password")] = "",
    keep: Annotated[bool, typer.Option(envvar="KEEP", help="keep serving after the run, until Ctrl-C")] = False,
    out: Annotated[
        Path, typer.Option(envvar="OUT", help="folder for all files; runs at the same time need one each")
    ] = BUILD,
) -> None:
    """Replay an event log on the local stage and bill it. Writes run.json and run.html into the folder ``build``."""
    heed_interrupts()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = log or SHIPPED_LOG
    parts = share or (1 if log is None else SHARE_OF_OTHERS)
    try:
        with sole_run(out.absolute()):
            living = LivingEngine(engine.rstrip("/"), engine_user, engine_password) if engine else None
            if living:
                living.check()
            balanced = replay(chosen, parts, hours, keep, out.absolute(), living)
    except EXPECTED_FAILURES as failure:
        console.print(f"[red]✗[/] {type(failure).__name__}: {escape(str(failure))}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("stopped")
        raise typer.Exit(130) from None
    if not balanced:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
