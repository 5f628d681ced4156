"""Runs the looks of a report one after the other, and prints their lines for people or programs."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from deploy.aws import code_of, is_denied
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, State, red, yellow
from deploy.not_ready import NotReady
from stacks.stage import StageError

COLOURS = {State.GREEN: "green", State.YELLOW: "yellow", State.RED: "red"}
MARKS = {State.GREEN: "✓", State.YELLOW: "?", State.RED: "✗"}
ENDPOINT = "AWS_ENDPOINT_URL"


class Look(NamedTuple):
    """One thing to look at. lines: finds its lines; it may raise ClientError or BotoCoreError.

    unanswered: the state of its line if it raises. YELLOW where it asked a question, RED where it had to do something.
    """

    about: str
    lines: Callable[[], Iterable[Line]]
    unanswered: State = State.YELLOW


def look_at(look: Look, *, policy: str) -> Iterator[Line]:
    """The lines of a look; one that says why where it cannot ask. policy: the file with the rights that it needs."""
    try:
        yield from look.lines()
    except ClientError as failure:
        asked = failure.operation_name
        if is_denied(failure):
            why, remedy = (
                f"these credentials may not ask ({asked}: {code_of(failure)})",
                f"give them the rights of {policy}",
            )
        else:
            why, remedy = f"AWS does not answer it ({asked}: {failure})", "run this again, or look by hand"
        yield Line(look.about, look.unanswered, why, remedy)
    except BotoCoreError as failure:
        why = f"AWS cannot be asked: {failure}"
        yield Line(look.about, look.unanswered, why, "look at the network, then run this again")


def endpoint_lines(environment: Mapping[str, str] = os.environ) -> Iterator[Line]:
    """A warning if another endpoint than AWS's is in force: all that follows is then not about AWS."""
    named = [f"{name}={value}" for name, value in sorted(environment.items()) if name.startswith(ENDPOINT)]
    if environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        named = []
    if not named:
        # A profile may name one as well.
        url = boto3.Session().client("sts", region_name="us-east-1").meta.endpoint_url
        host = urlsplit(url).hostname or ""
        named = [] if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) else [f"endpoint_url {url}"]
    if named:
        yield yellow(
            "endpoint",
            f"another endpoint than AWS's own is in force: {', '.join(named)}",
            "take it away (unset it) to look at AWS itself",
        )


def looks_of(reach: Callable[[], DeployedStage], looks: Callable[[DeployedStage], Iterable[Look]]) -> Iterator[Look]:
    """The looks at a stage; where it cannot be reached, only the look that says why."""
    yield Look("endpoint", endpoint_lines)
    try:
        deployed = reach()
    except (NotReady, StageError) as failure:
        line = red("stage", str(failure), "mend this first: everything else is looked at with it")
        yield Look("stage", lambda: [line])
    else:
        yield from looks(deployed)


def all_well(looks: Iterable[Look], *, title: str, policy: str, as_json: bool, console: Console) -> bool:
    """Run all looks and print each line as it is found; False if any line is red."""
    lines: list[Line] = []
    for look in looks:
        with console.status(escape(f"{look.about} ...")) if not as_json else nullcontext():
            for line in look_at(look, policy=policy):
                lines.append(line)
                if not as_json:
                    _print(line, console)
    count = {state: sum(line.state is state for line in lines) for state in State}
    if as_json:
        found = {"title": title, **{s.value: n for s, n in count.items()}, "lines": [line.to_json() for line in lines]}
        console.print_json(json.dumps(found), ensure_ascii=False)
    else:
        console.print(", ".join(f"[{COLOURS[state]}]{number} {state}[/]" for state, number in count.items()))
    return count[State.RED] == 0


def _print(line: Line, console: Console) -> None:
    colour = COLOURS[line.state]
    console.print(f"[{colour}]{MARKS[line.state]} {escape(line.about)}[/]: {escape(line.says)}")
    if line.remedy:
        console.print(f"    → {escape(line.remedy)}")
