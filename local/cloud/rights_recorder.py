"""Writes down each right that a caller is asked for, so that tests can compare roles with what was used.

``launcher.py`` loads this inside ``.venv-cloud`` where a file is given. One JSON line for each combination of caller,
action, resource and decision, when it first arises in a test. The decision is that of the caller's own policies; a
resource's policy is evaluated apart.
"""

import json
import sys
from pathlib import Path
from typing import Any

#: These ask the caller's policies; the other callers of ``evaluate`` ask the policy of a resource, or only simulate.
ASKING = ("enforce", "asks_role")


def apply(file: Path) -> None:
    """Record into a new file. The file beside it that ends in ``.test`` names the test that runs, if there is one."""
    from ministack.core import iam_evaluator

    evaluate = iam_evaluator.evaluate
    written: set[tuple[str, ...]] = set()
    lines = file.open("w", encoding="utf-8", buffering=1)
    test = file.with_suffix(".test")

    def evaluating(context: Any, *policies: Any) -> Any:
        result = evaluate(context, *policies)
        asking = sys._getframe(1)
        if asking.f_code.co_name not in ASKING:
            return result
        during = test.read_text(encoding="utf-8") if test.exists() else ""
        # A function calls the local Marketplace with the same key, which knows the key alone.
        key = str(asking.f_locals.get("access_key_id", ""))
        asked = (context.principal_arn, context.action, context.resource_arn, result.decision, during, key)
        if asked not in written:
            written.add(asked)
            names = ("caller", "action", "resource", "decision", "during", "key")
            lines.write(json.dumps(dict(zip(names, asked, strict=True))) + "\n")
        return result

    iam_evaluator.evaluate = evaluating
