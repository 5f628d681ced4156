"""``python -m bench.costs``: writes docs/costs.md.

The stage's templates and the units are counted each time, in half a minute. Service times are measured again with
``--times`` only, since they are another machine's on another day.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from bench.costs import recorded
from bench.costs.bill import Bill
from bench.costs.page import PAGE, page
from bench.costs.prices import prices
from bench.workflow import service_times
from local.interrupts import heed_interrupts
from stacks import stage as stages
from stacks import synth

STAGE = "prod"
#: The listing and the account that a shipped stage leaves open; no amount depends on them.
LEFT_OPEN = {
    'productCode = ""': 'productCode = "1234567890abcdefghijklmno"',
    'account = ""': 'account = "111122223333"',
    "page = []": 'page = ["oncall@yawl-vendor.com"]',
    "ticket = []": 'ticket = ["billing@yawl-vendor.com"]',
}


def main(
    times: Annotated[bool, typer.Option("--times", help="measure service times again, some minutes")] = False,
) -> None:
    """Count the stage and write docs/costs.md."""
    heed_interrupts()
    if times:
        service_times.record(service_times.measured(typer.echo))
    with TemporaryDirectory() as folder:
        stage = _stage(Path(folder))
        context = {**synth.cdk_json_context(), "aws:cdk:bundling-stacks": []}
        out = Path(folder) / "cdk.out"
        synth.build(stage, context=context, out=out).synth()
        templates = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*.template.json")}
    recorded.record(stage, templates)
    PAGE.write_text(page(Bill(recorded.recorded(), prices())), encoding="utf-8")
    typer.echo(f"written: {PAGE}")


def _stage(folder: Path) -> stages.Stage:
    for file in (synth.ROOT / "stages").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        for empty, filled in LEFT_OPEN.items():
            text = text.replace(empty, filled)
        (folder / file.name).write_text(text, encoding="utf-8")
    return stages.load(STAGE, folder=folder)


if __name__ == "__main__":
    typer.run(main)
