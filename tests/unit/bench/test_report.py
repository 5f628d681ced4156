"""What is measured is kept, read back and written down."""

from pathlib import Path

import pytest

from bench import report
from bench.figure import Figure, Table, at_least, at_most, load
from bench.plot import Axis, Series, lines, nice_step

FIGURE = Figure(
    name="some",
    title="Some figure",
    method="How it\nwas measured.",
    readings=[at_most("cost", 1.304, 1.3), at_least("rate", 0.5, 0.6, unit=" %")],
    tables=[Table(title="Rows", head=["a", "b"], rows=[["x|y", "1"]])],
    plots=[("some.svg", "A plot")],
    notes=["A note."],
    data={"x": 1},
)


def test_a_figure_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    FIGURE.save(tmp_path)
    assert load("some", tmp_path) == FIGURE
    assert load("other", tmp_path) is None


@pytest.mark.parametrize(("value", "met"), [(1.2, True), (1.304, True), (1.306, False)])
def test_a_reading_is_judged_as_it_is_printed(value: float, met: bool) -> None:
    reading = at_most("x", value, 1.3)
    assert (reading.met, reading.reached) == (met, f"{value:.2f}")


def test_the_page_says_what_was_reached_and_what_was_not(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    report.write([FIGURE], ["lost"], path)
    text = path.read_text(encoding="utf-8")
    assert "| Some figure | cost | ≤ 1.3 | 1.30 | yes |\n|  | rate | ≥ 0.6 % | 0.50 % | **no** |" in text
    assert "Not measured: lost." in text
    assert "How it was measured." in text
    assert "| x\\|y | 1 |" in text
    assert "![A plot](benchmarks/some.svg)" in text


def test_a_chart_has_a_line_for_each_series_and_escapes_names(tmp_path: Path) -> None:
    path = tmp_path / "chart.svg"
    series = [Series("a<b", [(1, 10), (10, 1000)]), Series("c", [(1, 5), (10, 5)])]
    lines(path, "T & U", Axis("x", log=True), Axis("y", log=True), series)
    text = path.read_text(encoding="utf-8")
    assert text.count("<polyline") == 2
    assert "a&lt;b" in text
    assert "T &amp; U" in text


@pytest.mark.parametrize(("span", "step"), [(6, 1), (12, 2), (20, 5), (100, 20), (0.6, 0.1)])
def test_steps_are_round(span: float, step: float) -> None:
    assert nice_step(span) == pytest.approx(step)
