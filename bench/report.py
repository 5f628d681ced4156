"""docs/benchmarks.md: the result table, then each figure with its method, tables, plots and notes."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from bench.figure import PROJECT, Figure, Reading

PAGE = PROJECT / "docs" / "benchmarks.md"
MARK = {True: "yes", False: "**no**", None: ""}

HEAD = """# Benchmarks

Written by `make bench` (`make bench B=imports` measures one figure again). Every figure is a ratio within one run, or a
count: both sides of a ratio are measured in turn, several times, and the median of the rounds' ratios counts, so that a
busy machine moves it little. Times and rates in the tables are this machine's, on this day, and only say how a ratio
came about.

Compared are **the specification's design** (one growing list per customer and hour, index with all attributes, one
page) and **the AWS sample's** (one row per event, index with all attributes, one call per customer with the time of
sending), rebuilt in [`bench/designs`](../bench/designs) and run on the same events and the same DynamoDB.
"""


def page(figures: Sequence[Figure], missing: Sequence[str] = ()) -> str:
    """The page in Markdown. missing: names of figures that were never measured."""
    parts = [HEAD, f"Python {platform.python_version()}, {os.cpu_count()} cores.\n", results(figures)]
    if missing:
        parts.append(f"Not measured: {', '.join(missing)}.\n")
    parts += [section(figure) for figure in figures]
    return "\n".join(parts)


def results(figures: Sequence[Figure]) -> str:
    """The result table: what is to be reached, and what was."""
    rows = [
        [figure.title if first else "", reading.what, reading.target, reading.reached, MARK[reading.met]]
        for figure in figures
        for first, reading in _marked(figure.readings)
    ]
    return table(["figure", "", "to reach", "reached", "met"], rows)


def section(figure: Figure) -> str:
    """One figure's section of the page, in Markdown."""
    parts = [f"## {figure.title}\n", f"{_paragraph(figure.method)}\n"]
    for one in figure.tables:
        parts += [f"{one.title}:\n", table(one.head, one.rows)]
    parts += [f"![{caption}](benchmarks/{name})\n" for name, caption in figure.plots]
    parts += [f"{_paragraph(note)}\n" for note in figure.notes]
    return "\n".join(parts)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    ruled = ["| " + " | ".join(row) + " |" for row in [list(head), ["---"] * len(head), *cells]]
    return "\n".join(ruled) + "\n"


def write(figures: Sequence[Figure], missing: Sequence[str] = (), path: Path = PAGE) -> None:
    """Write the page of the figures to ``path``. missing: names of figures that could not be measured."""
    path.write_text(page(figures, missing).rstrip() + "\n", encoding="utf-8")


def _paragraph(text: str) -> str:
    return " ".join(text.split())


def _marked(readings: Sequence[Reading]) -> list[tuple[bool, Reading]]:
    return [(number == 0, reading) for number, reading in enumerate(readings)]
