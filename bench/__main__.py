"""``python -m bench [NAME …]``: measures figures, each in a process of its own, and writes docs/benchmarks.md."""

import subprocess
import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import report
from bench.figure import PROJECT, Figure, load
from local.interrupts import heed_interrupts

#: In the order of the page.
FIGURES = (
    "write_units",
    "capacity_check",
    "client_calls",
    "recording_speed",
    "announcements",
    "marketplace_calls",
    "hour_of_a_customer",
    "publisher_cpu",
    "imports",
    "asset_size",
    "backlog",
    "local_hour",
    "workflow_model",
    "growth",
    "outage",
    "paths",
    "engine_polls",
)
COLOUR = {True: "green", False: "red", None: ""}

console = Console()


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"of {', '.join(FIGURES)}; all, if none is named")] = None,
) -> None:
    """Measure, write docs/benchmarks.md, print the table. Exits with 1 (typer.Exit) where a figure could not be
    measured, and with 2 (typer.BadParameter) for an unknown name."""
    heed_interrupts()
    chosen = names or list(FIGURES)
    unknown = [name for name in chosen if name not in FIGURES]
    if unknown:
        raise typer.BadParameter(f"no figure is named {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    failed = _measured(chosen)
    kept = {name: load(name) for name in FIGURES}
    figures = [figure for figure in kept.values() if figure is not None]
    missing = [name for name, figure in kept.items() if figure is None]
    console.print(_shown(figures))
    page = report.PAGE.relative_to(PROJECT)
    if names and missing:
        console.print(
            f"{page} is left as it is: in this folder {', '.join(missing)} were never measured; make bench does all"
        )
    else:
        report.write(figures, missing)
        console.print(f"written to {page}")
    for name, why in failed.items():
        console.print(f"[red]{name} was not measured:[/red] {why}", highlight=False)
    if failed:
        raise typer.Exit(1)


def _measured(names: list[str]) -> dict[str, str]:
    """Measure these figures; returns those that failed, with the end of their stderr."""
    failed: dict[str, str] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(names))
        for name in names:
            begun = time.monotonic()
            # jsii writes notices about its Node to stderr, where failures appear, too.
            with subprocess.Popen(  # noqa: S603  no outside input
                [sys.executable, "-m", "bench.one", name],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=PROJECT,
            ) as child:
                assert child.stdout is not None
                assert child.stderr is not None
                for line in child.stdout:
                    progress.update(task, description=f"{name}: {line.strip()}")
                error = child.stderr.read()
            if child.returncode:
                failed[name] = error.strip()[-1500:]
            progress.advance(task)
            console.print(f"{name}: {'failed' if child.returncode else 'measured'}, {time.monotonic() - begun:.0f} s")
    return failed


def _shown(figures: list[Figure]) -> Table:
    shown = Table("figure", "", "to reach", "reached")
    for figure in figures:
        for number, reading in enumerate(figure.readings):
            colour = COLOUR[reading.met]
            reached = f"[{colour}]{reading.reached}[/{colour}]" if colour else reading.reached
            shown.add_row("" if number else figure.title, reading.what, reading.target, reached)
    return shown


typer.run(main)
