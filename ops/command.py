"""A command: a function that takes the stage and its own arguments, and answers.

Its signature is the declaration: the terminal (``typer_function``) and MCP (``ops.mcp``) are made from it, so each
parameter is ``Annotated`` with typer's Option or Argument, whose help both show. A command that changes something
returns a ``Change`` and gets ``--why`` and ``--apply``.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from ops.answer import Answer
from ops.change import Change, carry_out
from ops.stage import OpenStage, open_stage

T = TypeVar("T")

StageName = Annotated[str, typer.Option("--stage", envvar="STAGE", help="a file of stages/, without .toml")]
AsJson = Annotated[bool, typer.Option("--json", envvar="JSON", help="the answer for programs")]
Why = Annotated[str, typer.Option("--why", help="the reason, for the audit trail; needed with --apply")]
Apply = Annotated[bool, typer.Option("--apply", help="do it; without this the command only shows what it would do")]


@dataclass(frozen=True)
class Command:
    """One command. answer: its function; the first parameter is the stage. changes: it returns a ``Change``.

    over_mcp: False for what shows personal data, which goes to no model, and for what reads or writes files.
    """

    name: str
    answer: Callable[..., Answer | Change]
    changes: bool = False
    over_mcp: bool = True

    @property
    def help(self) -> str:
        """The function's docstring."""
        return inspect.cleandoc(self.answer.__doc__ or "")

    def parameters(self) -> list[inspect.Parameter]:
        """Its own parameters, and ``why`` and ``apply`` where it changes something; all of them by name."""
        own = list(inspect.signature(self.answer, eval_str=True).parameters.values())[1:]
        more = [_parameter("why", Why, ""), _parameter("apply", Apply, False)] if self.changes else []
        return [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *more)]

    def run(self, stage: OpenStage, **given: Any) -> Answer:
        """Its answer. Raises Refused, NotReady, and what AWS raises."""
        why, apply = given.pop("why", ""), given.pop("apply", False)
        answered = self.answer(stage, **given)
        if isinstance(answered, Change):
            return carry_out(stage, self.name, answered, why=why, apply=apply)
        return answered


def typer_function(command: Command, out: Console, err: Console) -> Callable[..., None]:
    """The function that typer calls: it opens the stage, runs the command and prints the answer.

    It raises typer.Exit with 1 where the answer tells of trouble.
    """

    def run(**given: Any) -> None:
        name, as_json = given.pop("stage"), given.pop("json")
        stage = open_stage(name)
        if not as_json and err.is_terminal:
            stage = stage.watched(Progress(err))
        answer = command.run(stage, **given)
        if as_json:
            out.print(answer.to_json(), markup=False, soft_wrap=True)
        else:
            answer.print(out)
        if answer.trouble:
            raise typer.Exit(1)

    parameters = [*command.parameters(), _parameter("stage", StageName, ...), _parameter("json", AsJson, False)]
    as_required = [p.replace(default=inspect.Parameter.empty) if p.default is ... else p for p in parameters]
    run.__signature__ = inspect.Signature(as_required)  # type: ignore[attr-defined]  # inspect reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in as_required}
    run.__doc__ = command.help
    return run


@dataclass(frozen=True)
class Progress:
    """Shows on the terminal how many items a read has taken."""

    console: Console

    def __call__(self, items: Iterable[T], what: str, /) -> Iterator[T]:
        """The items, one by one."""
        with self.console.status(f"reading {what} ...") as status:
            for number, item in enumerate(items, start=1):
                if number % 100 == 0:
                    status.update(f"reading {what}: {number:,}")
                yield item


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
