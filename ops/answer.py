"""What a command answers: data for programs; words and tables for people; and what can be done next."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from marketplace.quantity import text


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer of one command.

    data: the whole answer for programs; quantities are Decimal and are printed as texts, exactly. shown: the same for
    people, from top to bottom. next: commands or steps that a person can take now. trouble: something is wrong that
    needs a person; the command then exits with 1.
    """

    data: Mapping[str, Any]
    shown: Sequence[RenderableType] = ()
    next: Sequence[str] = ()
    trouble: bool = False

    def to_json(self) -> str:
        """The answer as one JSON object, with ``next`` and ``trouble``."""
        whole = {**self.data, "next": list(self.next), "trouble": self.trouble}
        return json.dumps(whole, default=_plain, ensure_ascii=False, indent=2)

    def print(self, console: Console) -> None:
        """Print the answer for people."""
        for part in self.shown:
            console.print(part)
        if self.next:
            console.print(Text("\nnext", style="bold"))
            for step in self.next:
                # A command that is folded could not be copied.
                console.print(Text(f"  {step}"), soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> RenderableType:
    """A table. A cell is shown as it is: brackets of stored texts are no markup. Columns that start with ``#`` hold
    numbers. The first column is never folded, so that names can be copied."""
    made = Table(box=None, pad_edge=False, show_header=any(columns), header_style="dim")
    for number, column in enumerate(columns):
        justify: JustifyMethod = "right" if column.startswith("#") else "left"
        made.add_column(column.removeprefix("#"), justify=justify, overflow="fold", no_wrap=not number)
    for row in rows:
        made.add_row(*(Text(cell(value)) for value in row))
    return Group(Text(f"\n{title}", style="bold"), made) if title else made


def words(*sentences: str, style: str = "") -> RenderableType:
    """Lines of text, as they are."""
    return Group(*(Text(sentence, style=style) for sentence in sentences))


def cell(value: Any) -> str:
    """A value as people read it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


@dataclass
class Parts:
    """Collects the parts of an answer while it is worked out."""

    data: dict[str, Any] = field(default_factory=dict)
    shown: list[RenderableType] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    trouble: bool = False

    def answer(self) -> Answer:
        """The finished answer; a step that was named twice is there once."""
        return Answer(data=self.data, shown=self.shown, next=list(dict.fromkeys(self.next)), trouble=self.trouble)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
