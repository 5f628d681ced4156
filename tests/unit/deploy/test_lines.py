"""Reports come line by line, yellow where the answer is unknown, with an exit code, or as JSON for programs."""

import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from rich.console import Console
from typer.testing import CliRunner

from deploy.__main__ import app
from deploy.line import Line, State, green, red, yellow
from deploy.not_ready import NotReady
from deploy.show_lines import Look, all_well, endpoint_lines, look_at, looks_of
from tests.unit.deploy.answers import refused

FINE = green("one", "is fine")
UNKNOWN = yellow("two", "is not known", "look [by hand]")
BAD = red("three", "is bad", "mend it")


def told(lines: Iterable[Line], *, as_json: bool = False) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), soft_wrap=True, highlight=False)
    well = all_well(
        [Look("it", lambda: lines)], title="check of dev", policy="p.json", as_json=as_json, console=console
    )
    output = console.file
    assert isinstance(output, io.StringIO)
    return well, output.getvalue()


def test_only_red_is_a_failure() -> None:
    assert told([FINE, UNKNOWN])[0]
    assert not told([FINE, UNKNOWN, BAD])[0]


def test_each_line_has_its_mark_and_its_remedy() -> None:
    _, text = told([FINE, UNKNOWN, BAD])
    assert text.splitlines() == [
        "✓ one: is fine",
        "? two: is not known",
        "    → look [by hand]",
        "✗ three: is bad",
        "    → mend it",
        "1 green, 1 yellow, 1 red",
    ]


def test_programs_get_the_same_lines() -> None:
    well, text = told([FINE, BAD], as_json=True)
    found = json.loads(text)
    assert not well
    assert (found["title"], found["green"], found["yellow"], found["red"]) == ("check of dev", 1, 0, 1)
    assert found["lines"][1] == {"about": "three", "state": "red", "says": "is bad", "remedy": "mend it"}


def failing(failure: Exception) -> Iterator[Line]:
    yield FINE
    raise failure


@pytest.mark.parametrize(
    ("failure", "remedy"),
    [
        (refused("AccessDenied", "GetThing"), "give them the rights of docs/p.json"),
        (refused("AuthorizationError", "GetThing"), "give them the rights of docs/p.json"),
        (ClientError({"Error": {"Code": "Throttling"}}, "GetThing"), "run this again"),
        (EndpointConnectionError(endpoint_url="https://x"), "network"),
    ],
)
def test_a_refused_question_is_yellow_and_the_lines_before_it_stay(failure: Exception, remedy: str) -> None:
    lines = list(look_at(Look("thing", lambda: failing(failure)), policy="docs/p.json"))
    assert [line.state for line in lines] == [State.GREEN, State.YELLOW]
    assert lines[1].about == "thing" and remedy in lines[1].remedy


def test_a_refused_action_is_red() -> None:
    look = Look("thing", lambda: failing(refused("AccessDenied", "SendMessage")), unanswered=State.RED)
    assert [line.state for line in look_at(look, policy="p")] == [State.GREEN, State.RED]


@pytest.mark.parametrize(
    ("environment", "tells"),
    [
        ({"PATH": "/bin"}, None),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "AWS_ENDPOINT_URL=http://127.0.0.1:4566"),
        ({"AWS_ENDPOINT_URL_STS": "http://sts"}, "AWS_ENDPOINT_URL_STS=http://sts"),
        ({"AWS_ENDPOINT_URL": "http://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, None),
    ],
)
def test_another_endpoint_than_aws_s_is_the_first_line(environment: dict[str, str], tells: str | None) -> None:
    lines = list(endpoint_lines(environment))
    assert [line.state for line in lines] == ([State.YELLOW] if tells else [])
    assert tells is None or tells in lines[0].says


def test_an_endpoint_of_a_profile_is_reported_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nendpoint_url = http://127.0.0.1:9\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    (line,) = endpoint_lines({})
    assert "http://127.0.0.1:9" in line.says


def test_a_stage_that_cannot_be_reached_is_one_red_line() -> None:
    def reach() -> Any:
        raise NotReady("no credentials: log in")

    first, second = looks_of(reach, lambda there: [])
    assert first.about == "endpoint"
    (line,) = second.lines()
    assert line.state is State.RED and line.says == "no credentials: log in"


@pytest.mark.parametrize("command", ["check", "smoke"])
def test_a_wrong_stage_is_a_line_for_people_and_for_programs(command: str) -> None:
    for stage in ("", "nope"):
        result = CliRunner().invoke(app, [command, "--stage", stage, "--json"], env={"STAGE": ""})
        assert result.exit_code == 1
        (line,) = json.loads(result.output)["lines"]
        assert line["state"] == "red" and line["says"] and line["remedy"]
        result = CliRunner().invoke(app, [command, "--stage", stage], env={"STAGE": ""})
        assert result.exit_code == 1 and result.output.startswith("✗ stage: ")
