"""``make mutants``: plays each mutant until the simulation finds it; fails if one survives.

``ONLY=id,id`` takes some of them. A survivor means that the simulation is too weak, or that what was taken out is not
needed.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from local.interrupts import heed_interrupts
from tests.simulation import workers
from tests.simulation.mutants import MUTANTS, Mutant, mutated
from tests.simulation.mutants.mutation import CODE
from tests.simulation.workers import Worker

MOST = 1_000_000
SEED = 1
console = Console(width=None if os.isatty(1) else 200)


@dataclass(frozen=True)
class Found:
    """``steps`` until it was found; ``what`` broke; None: it survived so many steps."""

    mutant: Mutant
    steps: int
    episode: int = 0
    what: str | None = None


@contextmanager
def code_of(*mutants: Mutant) -> Iterator[Path]:
    """A copy of the code with these mutants in it."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as directory:
        # The folder's name is part of the path by which crash points are named.
        copy = Path(directory) / "lambda_src"
        shutil.copytree(CODE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for mutant in mutants:
            path, text = mutated(mutant, copy)
            (copy / path).write_text(text, encoding="utf-8")
        yield copy


def hunted(mutant: Mutant, *others: Mutant, steps: int = MOST, seed: int = SEED) -> Found:
    """Play one mutant (and others with it) in a process of its own, until it is found or so many steps are done."""
    with code_of(mutant, *others) as code:
        worker = workers.start(seed, steps=steps, code=code)
        try:
            for _ in workers.listen([worker]):
                pass
        finally:
            workers.stop([worker])
        return _found(mutant, worker)


def all_hunted(mutants: Iterable[Mutant], *, steps: int, seed: int, jobs: int) -> Iterator[Found]:
    """Play mutants, several at a time; each as it is done."""
    with ThreadPool(jobs) as pool:
        yield from pool.imap_unordered(lambda mutant: hunted(mutant, steps=steps, seed=seed), list(mutants))


def _found(mutant: Mutant, worker: Worker) -> Found:
    if worker.failure is None:
        return Found(mutant, worker.steps)
    return Found(mutant, worker.steps, worker.failure["episode"], str(worker.failure["what"]))


def hunt(
    steps: Annotated[int, typer.Option(help="steps that each mutant has at most")] = MOST,
    seed: Annotated[int, typer.Option()] = SEED,
    only: Annotated[str, typer.Option(help="ids, separated by commas")] = "",
    jobs: Annotated[int, typer.Option(help="mutants at a time; 0: one a core")] = 0,
) -> None:
    heed_interrupts()
    wanted = set(filter(None, only.split(",")))
    chosen = [mutant for mutant in MUTANTS if not wanted or mutant.id in wanted]
    if unknown := wanted - {mutant.id for mutant in chosen}:
        console.print(f"no such mutant: {', '.join(sorted(unknown))}")
        raise typer.Exit(2)
    started = time.monotonic()
    found: dict[str, Found] = {}
    with Progress(console=console) as progress:
        task = progress.add_task("mutants", total=len(chosen))
        for each in all_hunted(chosen, steps=steps, seed=seed, jobs=jobs or os.cpu_count() or 1):
            found[each.mutant.id] = each
            fate = f"{each.steps:>9,} steps" if each.what is not None else f"[red]survives {each.steps:,} steps[/]"
            progress.console.print(f"{each.mutant.id:36} {fate}")
            progress.advance(task)
    table = Table("mutant", "what", "steps", "what broke", title="mutants of the protocol")
    for mutant in chosen:
        each = found[mutant.id]
        broke = "[red]nothing: it survives[/]" if each.what is None else _brief(each.what)
        table.add_row(mutant.id, mutant.what, f"{each.steps:,}", broke)
    console.print(table)
    survivors = [each for each in found.values() if each.what is None]
    console.print(
        f"{len(chosen) - len(survivors)} of {len(chosen)} mutants were found, {time.monotonic() - started:.0f} s;"
        f" most steps: {max((e.steps for e in found.values() if e.what), default=0):,}"
    )
    raise typer.Exit(1 if survivors else 0)


def _brief(what: str) -> str:
    line = what.strip().splitlines()[-1] if what.strip() else "?"
    return line.replace("[", "(").replace("]", ")")[:110]


if __name__ == "__main__":
    typer.run(hunt)
