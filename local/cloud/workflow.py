"""Starts an execution of a state machine and waits for its end."""

import json
import time
from typing import Any

from local.cloud.accounts import LocalSession


class WorkflowFailed(RuntimeError):
    """An execution did not end as SUCCEEDED. ``error`` and ``cause`` are the execution's own."""

    def __init__(self, status: str, error: str, cause: str) -> None:
        super().__init__(f"{status}: {error}: {cause}")
        self.status = status
        self.error = error
        self.cause = cause


def run_workflow(session: LocalSession, state_machine_arn: str, payload: Any, *, timeout: float = 120.0) -> Any:
    """Starts one execution with ``payload`` as its input, waits, and returns its output.

    Raises WorkflowFailed, and TimeoutError after ``timeout`` seconds, when the execution still goes on.
    """
    states = session.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=state_machine_arn, input=json.dumps(payload))["executionArn"]
    deadline = time.monotonic() + timeout
    pause = 0.02
    while True:
        execution = states.describe_execution(executionArn=arn)
        if execution["status"] == "SUCCEEDED":
            return json.loads(execution["output"])
        if execution["status"] not in ("RUNNING", "PENDING_REDRIVE"):
            raise WorkflowFailed(execution["status"], execution.get("error", ""), execution.get("cause", ""))
        if time.monotonic() > deadline:
            raise TimeoutError(f"{arn} is still {execution['status']} after {timeout:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.3)
