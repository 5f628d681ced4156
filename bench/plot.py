"""Line charts as SVG: static, small, readable in a repository's page; axes may be logarithmic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

COLOURS = ("#0b5cad", "#c2570c", "#2e7d4f", "#7a3fa0", "#8a6d00")
WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 40, 50
GRID, INK = "#d9dee5", "#26323d"

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """An axis: its label, and whether it is logarithmic."""

    label: str
    log: bool = False


@dataclass(frozen=True)
class Series:
    """A line of a chart: its name, and its points in the order of x."""

    name: str
    points: Points
    dashed: bool = False


class _Scale:
    """Values to pixels."""

    def __init__(self, values: Sequence[float], axis: Axis, start: float, end: float) -> None:
        self._log, self._start, self._end = axis.log, start, end
        if axis.log:
            self.low = 10.0 ** math.floor(math.log10(min(values)))
            self.high = 10.0 ** math.ceil(math.log10(max(values)) + 1e-9)
        else:
            step = nice_step(max(values) - min(0.0, *values) or 1.0)
            self.low = min(0.0, math.floor(min(values) / step) * step)
            self.high = math.ceil(max(values) / step + 1e-9) * step
            self._step = step

    def __call__(self, value: float) -> float:
        if self._log:
            share = (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        if self._log:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            return [10.0**power for power in range(first, last + 1)]
        return [self.low + n * self._step for n in range(round((self.high - self.low) / self._step) + 1)]


def nice_step(span: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that cuts a span into 3 to 8 parts."""
    rough = span / 6
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def text_of(value: float) -> str:
    """A number on an axis, for example ``10,000`` or ``0.5``."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"


def lines(path: Path, title: str, x: Axis, y: Axis, series: Sequence[Series]) -> None:
    """Draw a chart; overlapping series are told apart by colour and by their name at the right."""
    across = _Scale([point[0] for one in series for point in one.points], x, LEFT, WIDTH - RIGHT)
    up = _Scale([point[1] for one in series for point in one.points], y, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" '
        f'font-size="12" fill="{INK}" role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" font-weight="600">{escape(title)}</text>',
    ]
    for tick in up.ticks():
        parts.append(f'<path d="M{LEFT} {up(tick):.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{up(tick) + 4:.1f}" text-anchor="end">{text_of(tick)}</text>')
    for tick in across.ticks():
        place = f'x="{across(tick):.1f}" y="{HEIGHT - BOTTOM + 18}"'
        parts.append(f'<text {place} text-anchor="middle">{text_of(tick)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x.label)}</text>')
    parts.append(
        f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y.label)}</text>"
    )
    names = _apart([up(one.points[-1][1]) for one in series])
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        drawn = " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in one.points)
        dash = ' stroke-dasharray="5 4"' if one.dashed else ""
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        if len(one.points) <= 12:
            parts += [f'<circle cx="{across(a):.1f}" cy="{up(b):.1f}" r="3" fill="{colour}"/>' for a, b in one.points]
        parts.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{names[number] + 4:.1f}" fill="{colour}">{escape(one.name)}</text>'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _apart(places: Sequence[float], least: float = 15.0) -> list[float]:
    """The places of names, moved down where they would overlap."""
    moved = dict.fromkeys(range(len(places)), 0.0)
    before = -math.inf
    for index in sorted(range(len(places)), key=lambda n: places[n]):
        before = moved[index] = max(places[index], before + least)
    return [moved[index] for index in range(len(places))]
