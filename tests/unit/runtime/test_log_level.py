"""The stage's ``logLevel`` is the level of what functions write."""

import json
import os
import subprocess
import sys

import pytest

from stacks import synth

PROGRAM = """
from runtime import telemetry
logger = telemetry.logger("room")
logger.debug("a detail", hour="2026-11-15T08:00:00Z")
logger.info("a decision")
"""


@pytest.mark.parametrize(
    ("of_the_stage", "of_lambda", "shown"),
    [
        ("DEBUG", "DEBUG", ["a detail", "a decision"]),
        ("INFO", "INFO", ["a decision"]),
        # on the local cloud, which has no level of its own
        ("DEBUG", None, ["a detail", "a decision"]),
        ("INFO", None, ["a decision"]),
    ],
)
def test_details_are_written_at_debug_alone(of_the_stage: str, of_lambda: str | None, shown: list[str]) -> None:
    """Where Lambda has a level, Powertools takes that one: both have to say the same."""
    environment = {
        "PYTHONPATH": str(synth.ROOT / "lambda_src"),
        "PATH": os.environ["PATH"],
        "POWERTOOLS_LOG_LEVEL": of_the_stage,
        **({"AWS_LAMBDA_LOG_LEVEL": of_lambda} if of_lambda else {}),
    }
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["message"] for line in lines] == shown
