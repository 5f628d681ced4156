"""What the submitter's log says about a line: its attempts and AWS's request ids."""

import json
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import is_denied
from ops.stage import OpenStage
from runtime.clock import offset

FUNCTION = "submit-batch"
#: Seconds around a moment in which its log lines are looked for.
AROUND = 180
#: Log lines at most.
MOST = 20
#: What is shown of a log line.
SHOWN = (
    *("timestamp", "message", "dimension", "verdict", "detail", "code", "scope", "aws", "requestId"),
    *("meteringRecordId", "run", "function_request_id"),
)


def log_of(stage: OpenStage, customer: str, hour: str, at: float) -> tuple[list[dict[str, Any]], str | None]:
    """Log lines about one customer's hour near a moment (epoch seconds), the oldest first; and why there are none,
    where they cannot be read. hour: ISO, as log lines have it.

    A line that was refused has AWS's words and request id in the line ``call failed`` of the same invocation.
    """
    try:
        wanted = {"customer": customer, "hour": hour}
        found = _lines(stage, wanted, at)
        refused = [line for line in found if line.get("verdict") == "rejected" and "function_request_id" in line]
        if refused:
            failed = {"message": "call failed", "function_request_id": refused[-1]["function_request_id"]}
            found += _lines(stage, failed, at)[-1:]
    except ClientError as failure:
        if is_denied(failure):
            return [], f"these credentials may not read the log of {FUNCTION}"
        return [], f"the log of {FUNCTION} cannot be read: {failure}"
    return [{name: line[name] for name in SHOWN if line.get(name)} for line in found[-MOST:]], None


def _lines(stage: OpenStage, wanted: dict[str, str], at: float) -> list[dict[str, Any]]:
    conditions = " && ".join(f'$.{name} = "{value}"' for name, value in wanted.items())
    # Only the clock of a local stage is ahead of the log's.
    moment = at - offset()
    answer = stage.aws.ask(
        "logs",
        "filter_log_events",
        logGroupName=stage.log_group(FUNCTION),
        startTime=int((moment - AROUND) * 1000),
        endTime=int((moment + AROUND) * 1000),
        filterPattern=f"{{ {conditions} }}",
    )
    lines = (_read(event["message"]) for event in answer["events"])
    return [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]


def _read(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
