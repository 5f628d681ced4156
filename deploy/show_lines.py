"""Looks, one after the other, and the lines that come of them, for people or for programs."""

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

from deploy.line import Line, State, red, yellow
from deploy.not_ready import NotReady
from deploy.reader import code_of, is_denied
from deploy.stage_there import StageThere
from stacks.stage import StageError

COLOURS = {State.GREEN: "green", State.YELLOW: "yellow", State.RED: "red"}
MARKS = {State.GREEN: "✓", State.YELLOW: "?", State.RED: "✗"}
ENDPOINT = "AWS_ENDPOINT_URL"


class Look(NamedTuple):
    """One thing to look at. lines: what it finds; it may raise what AWS or the network answers instead.

    unanswered: how bad that is; what cannot be known is YELLOW, what was to be tried and could not be is RED.
    """

    about: str
    lines: Callable[[], Iterable[Line]]
    unanswered: State = State.YELLOW


def look_at(look: Look, *, policy: str) -> Iterator[Line]:
    """The lines of a look. What cannot be asked is one that says so. policy: the file with the rights that it needs."""
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
    """Whatever follows is not of AWS if another endpoint is in force, so that is told first."""
    named = [f"{name}={value}" for name, value in sorted(environment.items()) if name.startswith(ENDPOINT)]
    if environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        named = []
    if not named:
        # a profile may name one, too
        url = boto3.Session().client("sts", region_name="us-east-1").meta.endpoint_url
        host = urlsplit(url).hostname or ""
        named = [] if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) else [f"endpoint_url {url}"]
    if named:
        yield yellow(
            "endpoint",
            f"another endpoint than AWS's own is in force: {', '.join(named)}",
            "take it away (unset it) to look at AWS itself",
        )


def looks_of(reach: Callable[[], StageThere], looks: Callable[[StageThere], Iterable[Look]]) -> Iterator[Look]:
    """Those of a stage that can be reached; else the one that says why it cannot be."""
    yield Look("endpoint", endpoint_lines)
    try:
        there = reach()
    except (NotReady, StageError) as failure:
        line = red("stage", str(failure), "mend this first: everything else is looked at with it")
        yield Look("stage", lambda: [line])
    else:
        yield from looks(there)


def all_well(looks: Iterable[Look], *, title: str, policy: str, as_json: bool, console: Console) -> bool:
    """Look at everything and tell it, line by line as it is known; False if something is red."""
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
