"""The simulated clock in the emulator.

Functions of the stage `local` add an offset, kept in a file, to the machine's clock (``runtime.clock``). With the same
file the emulator dates SNS notices, EventBridge events, the changes in tables' streams, and the start and the Waits of
executions. Signatures, queues' delays, logs and schedules keep the machine's time.

``launcher.py`` loads this inside ``.venv-cloud``.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

#: Seconds between looks at the clock, which a run may move during a Wait.
TICK = 0.1


def apply(offset_file: Path) -> None:
    """Installs the clock. Raises RuntimeError where the emulator's code is not as expected."""
    from ministack.services import dynamodb, eventbridge, sns, stepfunctions

    def now() -> float:
        """The time as ``runtime.clock.now`` computes it."""
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
        """Dates SNS's envelopes with milliseconds, as on AWS; the emulator writes whole seconds and ``.000Z``."""
        return iso() if pattern == "%Y-%m-%dT%H:%M:%S.000Z" else time.strftime(pattern, *moment)

    publish = stepfunctions._publish_state_machine_version

    def publishing(request: Any) -> Any:
        """Keeps the machine's time for a published version, because a deployment runs between signed calls."""
        status, headers, body = publish(request)
        if status < 400:
            version = stepfunctions._state_machine_versions[json.loads(body)["stateMachineVersionArn"]]
            version["creationDate"] = machine_iso()
        return status, headers, body

    build = dynamodb._build_change_record

    def building(*args: Any) -> Any:
        record = build(*args)
        record["dynamodb"]["ApproximateCreationDateTime"] = int(now())
        return record

    machine_iso = stepfunctions.now_iso
    for module, name in (
        (dynamodb, "_record_age_cutoff"),
        (eventbridge, "_now_ts"),
        (stepfunctions, "now_iso"),
        (stepfunctions, "_sleep_until"),
    ):
        if not hasattr(module, name):
            raise RuntimeError(f"{module.__name__} has no {name}")
    dynamodb._build_change_record = building
    # A stream forgets its changes after a day of the machine's time, and a run lasts less.
    dynamodb._record_age_cutoff = lambda *_: False
    eventbridge._now_ts = now
    stepfunctions.now_iso = iso
    stepfunctions._publish_state_machine_version = publishing
    stepfunctions._sleep_until = wait_until
    sns.time = SimpleNamespace(**{**vars(time), "strftime": strftime})
