"""Starts the emulator (ministack) as our local AWS. ``.venv-cloud``'s Python runs this, never the project's own.

    .venv-cloud/bin/python -I -u launcher.py --function-python .venv-lambda/bin/python --account 111122223333 ...

It announces itself with one JSON line ``{"url": "http://127.0.0.1:<port>"}`` and serves until it is stopped. The kernel
chooses the port, which the launcher binds before anything else, so that no two runs share one. It listens on the
loopback address only, and the emulator authorizes requests as AWS does (signatures, IAM policies, resource policies).

The patch modules beside this file reach into internals, so the emulator's version has to be the one they are for.
"""

import argparse
import asyncio
import importlib.metadata
import importlib.util
import json
import os
import socket
import sys
from pathlib import Path
from types import ModuleType

MINISTACK = "1.5.33"


def check_version() -> None:
    """Exits unless the installed emulator is the one that the patches are for."""
    installed = importlib.metadata.version("ministack")
    if installed != MINISTACK:
        sys.exit(f"the local cloud's patches are for ministack {MINISTACK}, {installed} is installed: run `make setup`")


def emulator_environment(port: int, *, region: str, account: str, wait_scale: str) -> dict[str, str]:
    """The variables that the emulator reads, most of them on import."""
    return {
        "BIND_HOST": "127.0.0.1",
        # These two servers would listen on every address of the machine.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": region,
        "MINISTACK_ACCOUNT_ID": account,
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "SFN_WAIT_SCALE": wait_scale,
        # The emulator must not use a container daemon of the machine.
        "DOCKER_HOST": "unix:///nonexistent",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def load(name: str) -> ModuleType:
    """Loads a module beside this file. ``-I`` keeps the directory off the path: its ``http.py`` would hide Python's."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Starts the patched emulator on a free port, prints its address as one JSON line, and serves until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--function-python", required=True, help="the interpreter that functions run in")
    parser.add_argument("--code", required=True, help="a directory for the functions' unpacked code")
    parser.add_argument("--region", required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--marketplace-account", required=True)
    parser.add_argument("--schedules", action="store_true", help="let schedules fire, by the real clock")
    parser.add_argument("--wait-scale", default="1", help="what the workflows' retry intervals are multiplied by")
    parser.add_argument("--rights-file", type=Path, help="where rights that callers are asked for are written down")
    parser.add_argument("--clock-offset-file", type=Path, help="the simulated clock's offset, in seconds")
    arguments = parser.parse_args()
    check_version()
    load("stdin_end").end_with_stdin()

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    port = listener.getsockname()[1]
    # Functions inherit the environment of this process, without the emulator's own variables.
    function_environment = dict(os.environ)
    os.environ.update(
        emulator_environment(port, region=arguments.region, account=arguments.account, wait_scale=arguments.wait_scale)
    )

    load("function_patches").apply(
        python=arguments.function_python, environment=function_environment, code=Path(arguments.code)
    )
    load("emulator_patches").apply(
        seller=arguments.account, marketplace=arguments.marketplace_account, schedules=arguments.schedules
    )
    load("type_patches").apply()
    load("alarm_patches").apply()
    load("workflow_patches").apply()
    load("role_patches").apply()
    if arguments.rights_file:
        load("rights_recorder").apply(arguments.rights_file)
    if arguments.clock_offset_file:
        load("clock_patch").apply(arguments.clock_offset_file)

    from hypercorn.asyncio import serve  # type: ignore[import-not-found,unused-ignore]
    from hypercorn.config import Config  # type: ignore[import-not-found,unused-ignore]
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2
    config.loglevel = "WARNING"
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
