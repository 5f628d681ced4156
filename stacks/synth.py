"""Writes a stage's cloud assembly: ``python -m stacks.synth --stage local --out build/cdk.out``.

Under the CDK CLI it runs without arguments and takes ``-c stage=...`` from the CLI. A fault of the stage file is one
line on stderr and exit code 1.

Context: ``stage``; ``productCode`` (instead of the file's); ``protect`` (``false``: ``stacks/protection``);
``seller`` (``true``: the seller's stack alone); ``clockOffsetFile`` and ``webhookUrl`` (stages with
``movableClock`` only); ``functionPython`` (the interpreter that functions will run in, for the bytecode; default: one
of their own version).
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stacks import stage as stages
from stacks.seller_role import check_seller
from stacks.stage import StageError

if TYPE_CHECKING:
    from aws_cdk import App

ROOT = Path(__file__).resolve().parent.parent
#: The CDK CLI passes its context to the app in this variable.
CLI_CONTEXT = "CDK_CONTEXT_JSON"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the assembly; returns the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m stacks.synth", description="write a stage's cloud assembly")
    parser.add_argument("--stage", help="a file of stages/, without .toml")
    parser.add_argument("--out", type=Path, help="folder of the assembly (default: build/cdk.out, or the CDK CLI's)")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args(arguments)
    out = options.out or (None if CLI_CONTEXT in os.environ else ROOT / "build" / "cdk.out")
    try:
        context = _context(options.context, options.stage)
        build(stage_of(context), context=context, out=out).synth()
    # jsii raises RuntimeError for every fault: of CDK, of cdk-nag with its findings, of bundling. Its traceback shows
    # the bridge to Node alone.
    except (StageError, RuntimeError) as error:
        print(str(error).strip(), file=sys.stderr)
        return 1
    return 0


def stage_of(context: Mapping[str, Any], folder: Path = ROOT / "stages") -> stages.Stage:
    """The stage that the context names. Raises StageError if it names none or an interpreter that is not there, or if
    the stage's files are wrong."""
    name = context.get("stage")
    if not name:
        raise StageError(f"no stage is named: pass -c stage=<{'|'.join(stages.names(folder))}>")
    python = context.get("functionPython")
    if python and not (Path(python).is_file() and os.access(python, os.X_OK)):
        raise StageError(f"-c functionPython={python}: there is no such interpreter: correct the path or leave it out")
    stage = stages.load(str(name), folder=folder, product_code=context.get("productCode"))
    check_seller(stage, context)
    stage = stage.with_clock_offset_file(context.get("clockOffsetFile"))
    return stage.with_local_webhook(context.get("webhookUrl"))


def build(stage: stages.Stage, *, context: Mapping[str, Any], out: Path | None = None) -> "App":
    """The app with this stage's stacks, not yet synthesized."""
    # Importing aws_cdk starts Node, which takes a second; many import this module for its names alone.
    from stacks.application import application

    return application(stage, context=context, out=out)


def cdk_json_context() -> dict[str, Any]:
    """The feature flags; the CDK CLI would pass them."""
    return dict(json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"])


def _context(pairs: Sequence[str], stage: str | None) -> dict[str, Any]:
    given = os.environ.get(CLI_CONTEXT)
    context: dict[str, Any] = json.loads(given) if given else cdk_json_context()
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise StageError(f"-c {pair}: is not KEY=VALUE: write for example -c productCode=...")
        context[key] = value
    if stage:
        context["stage"] = stage
    return context


if __name__ == "__main__":
    sys.exit(main())
