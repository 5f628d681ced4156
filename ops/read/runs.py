"""The hourly runs: executions of the state machine HourlyMetering."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from ops.stage import OpenStage

#: Runs that are looked at: the last hours' and, on the 1st, those of every 5 minutes.
LATEST = 20


class Run(NamedTuple):
    """One execution; times are epoch seconds of AWS's clock."""

    name: str
    arn: str
    status: str
    started: float
    ended: float | None


def last_runs(stage: OpenStage) -> list[Run]:
    """The last runs, the newest first; none where the stage has no workflow."""
    machine = stage.output("Metering", "StateMachineArn")
    if machine is None:
        return []
    limit = {"stateMachineArn": machine, "PaginationConfig": {"MaxItems": LATEST, "PageSize": LATEST}}
    listed = stage.aws.ask("stepfunctions", "list_executions", **limit)["executions"]
    return [
        Run(
            each["name"],
            each["executionArn"],
            each["status"],
            _seconds(each["startDate"]),
            _seconds(each["stopDate"]) if each.get("stopDate") else None,
        )
        for each in listed
    ]


def summary_of(stage: OpenStage, run: Run) -> dict[str, Any]:
    """What a run that succeeded reported at its end; empty where that cannot be read."""
    output = stage.aws.ask("stepfunctions", "describe_execution", executionArn=run.arn).get("output")
    try:
        summary = json.loads(output) if output else {}
    except ValueError:
        return {}
    return summary if isinstance(summary, dict) else {}


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
