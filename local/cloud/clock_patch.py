"""The simulated clock for what the emulator dates: the third part of the differences to it as published.

Functions of the stage `local` add an offset, kept in a file, to the machine's clock (``runtime.clock``). With the same
file here, an SNS notice, an EventBridge event and an execution's start and Waits are of that time as well. Everything
else keeps the machine's time: signatures, queues' delays, logs, schedules.

Loaded by ``launcher.py`` inside ``.venv-cloud``.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

#: seconds between looks at a clock that may be moved while a Wait waits for it
TICK = 0.1


def apply(offset_file: Path) -> None:
    """Raises RuntimeError where the emulator's code is not as expected."""
    from ministack.services import eventbridge, sns, stepfunctions

    def now() -> float:
        """As ``runtime.clock.now`` has it."""
        try:
            return time.time() + float(offset_file.read_text(encoding="ascii").strip() or 0)
        except FileNotFoundError:
            return time.time()

    def iso() -> str:
        return datetime.fromtimestamp(now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def wait_until(timestamp: str) -> None:
        target = datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
        while (left := target - now()) > 0:
            time.sleep(min(left, TICK))

    def strftime(pattern: str, *moment: Any) -> str:
        """SNS dates its envelopes with whole seconds and a literal ``.000Z``; on AWS the milliseconds are real."""
        return iso() if pattern == "%Y-%m-%dT%H:%M:%S.000Z" else time.strftime(pattern, *moment)

    publish = stepfunctions._publish_state_machine_version

    def publishing(request: Any) -> Any:
        """Deployments are of the machine's time: they publish between signed calls."""
        status, headers, body = publish(request)
        if status < 400:
            known = stepfunctions._state_machine_versions[json.loads(body)["stateMachineVersionArn"]]
            known["creationDate"] = machine_iso()
        return status, headers, body

    machine_iso = stepfunctions.now_iso
    for module, name in ((eventbridge, "_now_ts"), (stepfunctions, "now_iso"), (stepfunctions, "_sleep_until")):
        if not hasattr(module, name):
            raise RuntimeError(f"{module.__name__} has no {name}")
    eventbridge._now_ts = now
    stepfunctions.now_iso = iso
    stepfunctions._publish_state_machine_version = publishing
    stepfunctions._sleep_until = wait_until
    sns.time = SimpleNamespace(**{**vars(time), "strftime": strftime})
