"""The commands as tools: what a client of the protocol sees."""

import json
from typing import Annotated, Any

import pytest
import typer
from mcp import Client
from mcp.types import CallToolResult, TextContent, Tool

from ops.answer import Answer, words
from ops.change import Change
from ops.command import Command
from ops.commands import COMMANDS, READING
from ops.line_id import LONGEST
from ops.mcp_server import LARGEST, server
from ops.stage import OpenStage
from tests import event_loop


def call(stage: OpenStage, name: str, commands: Any = READING, **arguments: Any) -> CallToolResult:
    async def called() -> CallToolResult:
        async with Client(server(stage, commands)) as client:
            return await client.call_tool(name, arguments)

    return event_loop.run(called)


def tools(stage: OpenStage, commands: Any) -> dict[str, Tool]:
    async def listed() -> list[Tool]:
        async with Client(server(stage, commands)) as client:
            return (await client.list_tools()).tools

    return {tool.name: tool for tool in event_loop.run(listed)}


def text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def test_every_command_is_a_tool_with_its_help_and_bounds(stage: OpenStage) -> None:
    found = tools(stage, COMMANDS)
    assert set(found) == {command.name for command in COMMANDS if command.over_mcp}
    limit = found["pending"].input_schema["properties"]["limit"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 5000, 100)
    assert found["hour"].input_schema["properties"]["hour"]["maxLength"] == LONGEST
    for name, tool in found.items():
        assert tool.description, name
        assert "stage" not in tool.input_schema["properties"]
        assert all("description" in parameter for parameter in tool.input_schema["properties"].values()), name


def test_reading_tools_say_that_they_only_read(stage: OpenStage) -> None:
    hints = {name: tool.annotations.read_only_hint for name, tool in tools(stage, READING).items() if tool.annotations}
    assert hints == dict.fromkeys((command.name for command in READING if command.over_mcp), True)


def test_personal_data_goes_to_no_model(stage: OpenStage) -> None:
    assert "export-buyer" not in tools(stage, COMMANDS)


def test_a_tool_answers_its_commands_json(stage: OpenStage) -> None:
    answer = call(stage, "pending")
    assert not answer.is_error
    assert json.loads(text(answer))["pendingHours"] == 0


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("hour", {"hour": "nobody"}, "names no hour"),
        ("explain", {"what": "nonsense"}, "docs/errors.md"),
        ("pending", {"limit": 10**9}, "limit"),
        ("pending", {"limit": "many"}, "limit"),
        ("hour", {"hour": "x" * 5000}, "1024"),
        ("hour", {}, "hour"),
        ("no-such-tool", {}, "no-such-tool"),
    ],
)
def test_what_is_wrong_is_an_answer_and_no_crash(
    stage: OpenStage, name: str, arguments: dict[str, Any], says: str
) -> None:
    answer = call(stage, name, **arguments)
    assert answer.is_error
    assert says in text(answer)


def test_an_answer_that_is_too_long_asks_for_less(stage: OpenStage) -> None:
    def long(stage: OpenStage) -> Answer:
        """Too much."""
        return Answer(data={"text": "x" * LARGEST})

    answer = call(stage, "long", [Command("long", long)])
    assert answer.is_error
    assert "ask for less" in text(answer)


def test_a_changing_tool_shows_first_and_needs_a_reason(stage: OpenStage) -> None:
    done = []

    def mend(stage: OpenStage, what: Annotated[str, typer.Argument(help="what to mend")]) -> Change:
        """Mends it."""
        return Change(
            subject="l-1",
            target=what,
            change={"mended": what},
            shown=[words("mends")],
            do=lambda entry: done.append(entry) or ["mended"],  # type: ignore[func-returns-value]
        )

    commands = [Command("mend", mend, changes=True)]
    assert json.loads(text(call(stage, "mend", commands, what="it")))["applied"] is False
    refused = call(stage, "mend", commands, what="it", apply=True)
    assert refused.is_error
    assert "--why" in text(refused)
    assert done == []
    told = json.loads(text(call(stage, "mend", commands, what="it", apply=True, why="it was broken")))
    assert (told["applied"], told["said"], len(done)) == (True, ["mended"], 1)
