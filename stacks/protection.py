"""Whether stacks and tables refuse deletion: those of a stage that keeps its data do.

The first deployment is made with ``-c protect=false``, and the next one, of the same stacks, protects them:
CloudFormation must be able to delete what a failed first deployment has made, which it cannot do with a protected table
or stack. Only this flag turns protection off.
"""

from collections.abc import Mapping
from typing import Any

from stacks.context_flag import flag
from stacks.stage import Stage

CONTEXT_KEY = "protect"


def is_protected(stage: Stage, context: Mapping[str, Any]) -> bool:
    """Whether the stage's stacks refuse deletion. Raises StageError if the context has another word than true or
    false."""
    return stage.keep_data and flag(context, CONTEXT_KEY, default=True, left_out="protects the stage")
