"""Writes down each right that a caller is asked for, so that tests can compare roles with what was used.

``launcher.py`` loads this inside ``.venv-cloud`` where a file is given. One JSON line for each combination of caller,
action, resource and decision, when it first arises. The decision is that of the caller's own policies; a resource's
policy is evaluated apart.
"""

import json
import sys
from pathlib import Path
from typing import Any


def apply(file: Path) -> None:
    """Record into a new file."""
    from ministack.core import iam_evaluator

    evaluate = iam_evaluator.evaluate
    written: set[tuple[str, ...]] = set()
    lines = file.open("w", encoding="utf-8", buffering=1)

    def evaluating(context: Any, *policies: Any) -> Any:
        result = evaluate(context, *policies)
        asked = (context.principal_arn, context.action, context.resource_arn, result.decision)
        # ``enforce`` asks the caller's policies; the other callers ask the policy of a resource, or only simulate.
        if asked not in written and sys._getframe(1).f_code.co_name == "enforce":
            written.add(asked)
            names = ("caller", "action", "resource", "decision")
            lines.write(json.dumps(dict(zip(names, asked, strict=True))) + "\n")
        return result

    iam_evaluator.evaluate = evaluating
