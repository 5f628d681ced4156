"""What was measured for the page, written down, so that the page can be written again without measuring."""

import json
from dataclasses import asdict
from pathlib import Path

from bench.costs import units
from bench.costs.bill import Measured
from bench.costs.census import Census, Templates, census
from bench.costs.units import Units
from bench.figure import PROJECT
from bench.workflow import service_times
from stacks.stage import Stage

FILE = PROJECT / "bench" / "costs" / "measured.json"


def recorded(path: Path = FILE) -> Measured:
    """What was measured last."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Measured(
        census=Census(**kept["census"]),
        event=Units(**kept["event"]),
        hour=Units(**kept["hour"]),
        steps=service_times.recorded(),
        rate=kept["rate"],
        copies=kept["copies"],
    )


def record(stage: Stage, templates: Templates, path: Path = FILE) -> None:
    """Count the stage and the units, and write them down; service times are those that were measured last."""
    kept = {
        "census": asdict(census(templates)),
        "event": asdict(units.of_an_event()),
        "hour": asdict(units.of_a_customer_hour()),
        "rate": stage.calls_per_second,
        "copies": stage.submit_concurrency,
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
