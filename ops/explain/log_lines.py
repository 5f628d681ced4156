"""What the submitter's log says about a line: its attempts and AWS's request ids."""

import json
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import is_denied
from ops.stage import OpenStage

FUNCTION = "submit-batch"
#: Seconds around a moment in which its log lines are looked for.
AROUND = 180
#: Log lines at most.
MOST = 20
#: What is shown of a log line.
SHOWN = ("message", "verdict", "detail", "code", "scope", "aws", "requestId", "meteringRecordId", "function_request_id")


def log_of(stage: OpenStage, customer: str, hour: str, at: float) -> tuple[list[dict[str, Any]], str | None]:
    """Log lines about one customer's hour near a moment (epoch seconds), the oldest first; and why there are none,
    where they cannot be read. hour: ISO, as log lines have it."""
    pattern = f'{{ $.customer = "{customer}" && $.hour = "{hour}" }}'
    try:
        answer = stage.aws.ask(
            "logs",
            "filter_log_events",
            logGroupName=stage.log_group(FUNCTION),
            startTime=int((at - AROUND) * 1000),
            endTime=int((at + AROUND) * 1000),
            filterPattern=pattern,
        )
    except ClientError as failure:
        if is_denied(failure):
            return [], f"these credentials may not read the log of {FUNCTION}"
        return [], f"the log of {FUNCTION} cannot be read: {failure}"
    found = [_read(event["message"]) for event in answer["events"][:MOST]]
    return [line for line in found if line], None


def _read(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return {"at": line.get("timestamp"), **{name: line[name] for name in (*SHOWN, "dimension") if line.get(name)}}
