"""The command ``yawl-metering-agent``: run, once, check, status, resume."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from yawl_metering import SpoolUnwritable
from yawl_metering_agent import logs
from yawl_metering_agent.check import check
from yawl_metering_agent.config import Config, ConfigError, read
from yawl_metering_agent.service import Service
from yawl_metering_agent.state import SqliteState, StateFile, StateUnusable
from yawl_metering_agent.status import status

GOOD, FAULT, WRONG = 0, 1, 2
_EPILOG = (
    "exit status: 0 all is well; 1 an engine, the delivery or the disk is at fault; 2 the command or its file is wrong"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the arguments say. Returns the exit status."""
    given = _parser().parse_args(arguments)
    logs.begin(as_json=given.json)
    try:
        work: Callable[[Config, argparse.Namespace], int] = given.work
        return work(read(given.config), given)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return WRONG
    except (StateUnusable, SpoolUnwritable) as error:
        print(f"{given.config}: stateDirectory: {error}: let the agent's user write there", file=sys.stderr)
        return FAULT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yawl-metering-agent",
        description="Reads the logs of YAWL engines that AWS cannot reach, and bills their cases.",
        epilog=_EPILOG,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, work, about in (
        ("run", _run, "read every engine each pollMinutes until SIGTERM or Ctrl-C; a line for each reading"),
        ("once", _once, "read every engine once, deliver, and end"),
        (
            "check",
            _check,
            "say what is wrong with addresses, accounts, settings and clocks, and what a reading would"
            " bill; sends no usage and stores nothing",
        ),
        ("status", _status, "say when each engine was read, and what waits to be delivered"),
        ("resume", _resume, "read an engine again whose readings have stopped, once a person has looked at it"),
    ):
        command = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=_EPILOG)
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="the agent's file (TOML)")
        command.add_argument("--json", action="store_true", help="log lines and answers as JSON")
        command.set_defaults(work=work)
        if name == "once":
            words = "seconds for the delivery (60); the next run delivers the rest"
            command.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help=words)
        if name == "resume":
            command.add_argument("--engine", required=True, metavar="ID", help="the engine's id")
    return parser


def _run(config: Config, _: argparse.Namespace) -> int:
    service = Service.open(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stopping.set())
    logs.note("started", engines=",".join(each.engine.id for each in config.engines))
    service.run()
    service.close()
    logs.note("stopped")
    return GOOD


def _once(config: Config, given: argparse.Namespace) -> int:
    service = Service.open(config)
    good = service.once(given.timeout)
    service.close(0.0)
    return GOOD if good else FAULT


def _check(config: Config, given: argparse.Namespace) -> int:
    return GOOD if check(config, as_json=given.json) else FAULT


def _status(config: Config, given: argparse.Namespace) -> int:
    return GOOD if status(config, as_json=given.json) else FAULT


def _resume(config: Config, given: argparse.Namespace) -> int:
    databases = {each.engine.id: each.engine.database for each in config.engines}
    if given.engine not in databases:
        raise ConfigError(f"--engine {given.engine}: is none of {', '.join(databases)}")
    file = StateFile(config.directory)
    SqliteState(file, databases[given.engine]).resume()
    file.close()
    print(f"{given.engine}: the next reading goes on")
    return GOOD
