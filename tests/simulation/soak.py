"""``make soak STEPS=… [SEED=…] [JOBS=…]``: plays episodes for so many steps; ``EPISODE=…`` replays one.

Exit code 0: nothing was found. 1: something was; its seed and episode are printed, and replay exactly.
"""

import os
import secrets
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from local.interrupts import heed_interrupts
from tests.simulation import workers
from tests.simulation.faults import AT
from tests.simulation.play import play
from tests.simulation.workers import Tally

#: The table is wide; on a terminal it is cut to it.
console = Console(width=None if sys.stdout.isatty() else 280)


def soak(
    steps: Annotated[int, typer.Option(help="effects to play, of all processes together")] = 1_000_000,
    seed: Annotated[int | None, typer.Option(help="what everything follows from; drawn anew if left out")] = None,
    episode: Annotated[int | None, typer.Option(help="replay this one only, with its trace")] = None,
    jobs: Annotated[int, typer.Option(help="processes; 0: one a core")] = 0,
) -> None:
    heed_interrupts()
    seed = secrets.randbelow(10**9) if seed is None else seed
    if episode is not None:
        raise typer.Exit(_replay(seed, episode))
    jobs = jobs or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else jobs or os.cpu_count() or 1
    started = time.monotonic()
    running = [workers.start(seed, steps=-(-steps // jobs), first=number, every=jobs) for number in range(jobs)]
    try:
        with _progress() as progress:
            task = progress.add_task(f"seed {seed}", total=steps, rate="")
            for worker in workers.listen(running):
                done = sum(each.steps for each in running)
                rate = f"{done / max(time.monotonic() - started, 0.1):,.0f} steps/s"
                progress.update(task, completed=done, rate=rate)
                if worker.failure:
                    break
    finally:
        workers.stop(running)
    total = workers.tally(running)
    seconds = time.monotonic() - started
    _print_coverage(total)
    console.print(
        f"seed {seed}: {total.steps:,} steps in {total.episodes:,} episodes, {seconds:.0f} s with {jobs} processes,"
        f" {total.steps / seconds:,.0f} steps/s"
    )
    for failure in total.failures:
        _print_failure(failure)
    if not total.failures:
        console.print("[green]nothing was found[/]")
    raise typer.Exit(1 if total.failures else 0)


def _replay(seed: int, number: int) -> int:
    for played in play(seed, steps=1, first=number):
        if played.failure is not None:
            _print_failure(vars(played.failure))
            return 1
        console.print(
            f"episode {number} of seed {seed}: {played.steps} steps, digest {played.digest:016x}, all is well"
        )
    return 0


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    return Progress(*columns, TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), console=console)


def _print_failure(failure: dict[str, Any]) -> None:
    console.print(f"\n[red]broken[/] in episode {failure['episode']} of seed {failure['seed']}:")
    console.print(failure["what"], markup=False, highlight=False)
    for step, now, who, site, fault in failure["tail"][-60:]:
        console.print(f"  {step:5} {now:.3f} {who:9} {site} {fault or ''}", markup=False, highlight=False)
    console.print(f"again: make soak SEED={failure['seed']} EPISODE={failure['episode']}")


def _print_coverage(total: Tally) -> None:
    """Crash points by faults: how often each; empty where a fault makes no sense, ``never`` where it did not strike."""
    faults = list(dict.fromkeys(fault for kinds in AT.values() for fault in kinds))
    heads = [Column(fault.replace("_", "\n"), justify="right") for fault in faults]
    table = Table(
        Column("where", no_wrap=True), Column("visits", justify="right"), *heads, title="crash points × faults"
    )
    never = 0
    for (site, point), visits in sorted(total.coverage.items()):
        if not point.startswith("@") or not AT[point[1:]]:
            continue
        counts = {fault: total.coverage[site, fault] for fault in AT[point[1:]]}
        never += sum(not count for count in counts.values())
        cells = [
            (f"{counts[fault]:,}" if counts[fault] else "[red]never[/]") if fault in counts else "" for fault in faults
        ]
        table.add_row(site, f"{visits:,}", *cells)
    console.print(table)
    console.print(f"{never} of the table's places were never covered")


if __name__ == "__main__":
    typer.run(soak)
