"""``ops mcp``: the commands as tools of a Model Context Protocol server on standard input and output.

A tool has the parameters of its command, within the same bounds, and answers the command's JSON. What a command or AWS
refuses is the tool's answer, marked as an error.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, get_args, get_origin

from botocore.exceptions import BotoCoreError, ClientError
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field
from typer.models import ParameterInfo

from deploy.not_ready import NotReady
from ops.command import Command
from ops.line_id import LONGEST
from ops.refused import Refused
from ops.stage import OpenStage
from stacks.stage import StageError

#: Characters of an answer: what a model can still take in.
LARGEST = 200_000


def server(stage: OpenStage, commands: Iterable[Command]) -> MCPServer[Any]:
    """A server of these commands about one stage; it is not running yet."""
    made: MCPServer[Any] = MCPServer(
        f"yawl-metering-{stage.settings.name}",
        instructions=(
            f"Operates the stage {stage.settings.name}. A customer is a billing key; an hour is"
            " CUSTOMER/2026-11-15T14:00Z, a line CUSTOMER/2026-11-15T14:00Z/DIMENSION. Begin with `status`."
            " Each answer's `next` names what can be done. A tool that changes something only shows what it would do"
            " until `apply` is true; it then needs `why`."
        ),
        log_level="WARNING",
    )
    for command in (each for each in commands if each.over_mcp):
        made.add_tool(
            _tool(stage, command),
            name=command.name,
            description=command.help,
            annotations=ToolAnnotations(read_only_hint=not command.changes, open_world_hint=False),
            structured_output=False,
        )
    return made


def serve(stage: OpenStage, commands: Iterable[Command]) -> None:
    """Serve on standard input and output until the input ends."""
    server(stage, commands).run("stdio")


def _tool(stage: OpenStage, command: Command) -> Callable[..., CallToolResult]:
    def tool(**given: Any) -> CallToolResult:
        with _refusals_answered():
            answer = command.run(stage, **given).to_json()
            if len(answer) > LARGEST:
                raise Refused(f"the answer has {len(answer):,} characters: ask for less (a customer, a lower limit)")
            return CallToolResult(content=[TextContent(type="text", text=answer)])

    parameters = [_bounded(parameter) for parameter in command.parameters()]
    tool.__signature__ = inspect.Signature(parameters, return_annotation=CallToolResult)  # type: ignore[attr-defined]
    tool.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": CallToolResult}
    return tool


@contextmanager
def _refusals_answered() -> Iterator[None]:
    try:
        yield
    except (Refused, NotReady, StageError) as refusal:
        raise ToolError(str(refusal)) from None
    except (BotoCoreError, ClientError) as failure:
        raise ToolError(f"AWS: {failure}") from None


def _bounded(parameter: inspect.Parameter) -> inspect.Parameter:
    """The parameter as the protocol describes it: its help, and its bounds."""
    kind, info = parameter.annotation, None
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        info = next((each for each in more if isinstance(each, ParameterInfo)), None)
    bounds: dict[str, Any] = {"max_length": LONGEST} if kind is str else {}
    if info is not None:
        bounds |= {"description": info.help}
        bounds |= {name: value for name, value in (("ge", info.min), ("le", info.max)) if value is not None}
    return parameter.replace(annotation=Annotated[kind, Field(**bounds)])
