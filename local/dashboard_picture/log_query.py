"""Runs the dashboard's queries of CloudWatch Logs Insights over log lines (User Guide, "Logs Insights QL commands").

Of the language it knows what these queries use: filter by ``=`` and ``!=``, stats with count, latest and min, sort and
limit. Anything else is a ValueError.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]
_SOURCE = re.compile(r"SOURCE '([^']+)'")
_TERM = re.compile(r"(\w+) (!?=) '([^']*)'")
_STAT = re.compile(r"(\w+)\((\*|\w+)\) as (\w+)")


def groups_of(query: str) -> list[str]:
    """The log groups that the query reads."""
    return _SOURCE.findall(query)


def run(query: str, lines: Iterable[Line]) -> list[dict[str, str]]:
    """The rows of the answer. lines: in the order of their time."""
    found = list(lines)
    rows: list[dict[str, str]] = []
    for command in [part.strip() for part in query.split("|")]:
        name, _, rest = command.partition(" ")
        if name == "SOURCE":
            continue
        if name == "filter":
            found = [line for line in found if all(_holds(line, term) for term in _terms(rest))]
        elif name == "stats":
            rows = _stats(rest, found)
        elif name == "sort":
            field, _, order = rest.partition(" ")
            rows.sort(key=lambda row: _sortable(row[field]), reverse=order == "desc")
        elif name == "limit":
            rows = rows[: int(rest)]
        else:
            raise ValueError(f"this query is not understood: {command}")
    return rows


def _terms(text: str) -> list[tuple[str, str, str]]:
    parts = [_TERM.fullmatch(part) for part in text.split(" and ")]
    if None in parts:
        raise ValueError(f"this filter is not understood: {text}")
    return [(part[1], part[2], part[3]) for part in parts if part]


def _holds(line: Line, term: tuple[str, str, str]) -> bool:
    """A field that a line lacks is unequal to everything."""
    field, operator, value = term
    return (str(line.get(field)) == value) == (operator == "=")


def _stats(text: str, lines: Sequence[Line]) -> list[dict[str, str]]:
    told, _, by = text.partition(" by ")
    fields = by.split(", ")
    stats = _STAT.findall(told)
    grouped: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        grouped.setdefault(tuple(str(line.get(field) or "") for field in fields), []).append(line)
    return [
        {**dict(zip(fields, key, strict=True)), **{name: _HOW[how](some, field) for how, field, name in stats}}
        for key, some in grouped.items()
    ]


_HOW: Mapping[str, Callable[[Sequence[Line], str], str]] = {
    "count": lambda lines, _: str(len(lines)),
    "latest": lambda lines, field: str(lines[-1].get(field) or ""),
    "min": lambda lines, field: min(str(line.get(field) or "") for line in lines),
}


def _sortable(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdigit() else (0, text)
