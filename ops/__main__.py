"""``bin/ops <command>``: the commands of ``ops.commands`` at the terminal.

Exit codes: 0 all is well, or it was done; 1 the answer tells of trouble; 2 refused, or it could not be asked; 130
interrupted.
"""

import logging
import sys
from importlib import import_module
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from deploy.aws import code_of, is_denied
from deploy.not_ready import NotReady
from local.interrupts import heed_interrupts
from ops.command import StageName, typer_function
from ops.commands import COMMANDS, READING
from ops.refused import Refused
from ops.stage import open_stage
from stacks.stage import StageError

out = Console(highlight=False)
err = Console(highlight=False, stderr=True, soft_wrap=True)
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def _about() -> None:
    """Operate a deployed stage: see what it did, and repair it. docs/ops.md describes each command.

    A customer is a billing key, an hour CUSTOMER/2026-11-15T14:00Z, a line CUSTOMER/2026-11-15T14:00Z/DIMENSION.
    """


for command in COMMANDS:
    app.command(command.name)(typer_function(command, out, err))


@app.command("mcp")
def mcp_command(
    stage: StageName,
    allow_changes: Annotated[bool, typer.Option("--allow-changes", help="also what changes something")] = False,
) -> None:
    """Serve the commands to programs, by the Model Context Protocol on standard input and output."""
    # Importing the protocol's library takes longer than most commands do.
    serve = import_module("ops.mcp_server").serve
    serve(open_stage(stage), COMMANDS if allow_changes else READING)


def main() -> int:
    """Run the command line; the exit code. A known failure is one line on stderr."""
    heed_interrupts()
    for handler in logging.getLogger("ledger").handlers:
        # What the stores log must not stand in the middle of an answer.
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)
    try:
        app(prog_name="ops")
    except (NotReady, StageError, Refused) as failure:
        return _refused(str(failure))
    except ClientError as failure:
        remedy = "assume the stage's operator role (docs/ops.md)" if is_denied(failure) else "run this again"
        return _refused(f"AWS ({failure.operation_name}) answers {code_of(failure)}: {failure}: {remedy}")
    except BotoCoreError as failure:
        return _refused(f"AWS cannot be asked: {failure}: look at the network, then run this again")
    except KeyboardInterrupt:
        return 130
    return 0


def _refused(reason: str) -> int:
    err.print(Text.assemble(("✗ ", "red"), reason))
    return 2


if __name__ == "__main__":
    sys.exit(main())
