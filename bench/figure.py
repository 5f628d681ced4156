"""What a benchmark says: figures with what is to be reached, a table and plots; kept as JSON between runs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "build" / "bench"
PLOTS = PROJECT / "docs" / "benchmarks"

#: Shows a line of progress.
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One line of the result table. met: whether the target is reached; None where there is none."""

    what: str
    target: str
    reached: str
    met: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a figure: its title, its head, and rows of text."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One benchmark's result.

    name: the benchmark's module. method: how it measures and what its ratio is of, in a few sentences. plots: names of
    files in docs/benchmarks with a caption each. notes: what a reader must know, above all where a target is missed.
    """

    name: str
    title: str
    method: str
    readings: Sequence[Reading]
    tables: Sequence[Table] = ()
    plots: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    data: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path = RESULTS) -> None:
        """Write the figure as JSON into the folder, which ``load`` reads, in place of an earlier one of this name."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def load(name: str, folder: Path = RESULTS) -> Figure | None:
    """A figure of this or an earlier run; None where it was never measured."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Figure(
        **{
            **stored,
            "readings": [Reading(**reading) for reading in stored["readings"]],
            "tables": [Table(**table) for table in stored["tables"]],
            "plots": [(name, caption) for name, caption in stored["plots"]],
        }
    )


def at_most(what: str, reached: float, target: float, *, unit: str = "", digits: int = 2) -> Reading:
    """A reading that must not be above its target."""
    return Reading(
        what=what,
        target=f"≤ {target:g}{unit}",
        reached=f"{reached:.{digits}f}{unit}",
        met=round(reached, digits) <= target,
    )


def at_least(what: str, reached: float, target: float, *, unit: str = "", digits: int = 2) -> Reading:
    """A reading that must not be below its target."""
    return Reading(
        what=what,
        target=f"≥ {target:g}{unit}",
        reached=f"{reached:.{digits}f}{unit}",
        met=round(reached, digits) >= target,
    )
