"""Whether stacks and tables of a stage refuse to be deleted: those of a stage that keeps its data do.

They cannot from the first moment on. CloudFormation takes back what a failed first deployment has made, and a
protected table could not be taken back, nor could the stack be deleted and made again. So the first deployment is made
with ``-c protect=false``, and the next one, of the same stacks, protects them. Nothing but this word turns it off.
"""

from collections.abc import Mapping
from typing import Any

from stacks.context_flag import flag
from stacks.stage import Stage

CONTEXT_KEY = "protect"


def is_protected(stage: Stage, context: Mapping[str, Any]) -> bool:
    """Raises StageError where the context says anything but true or false."""
    return stage.keep_data and flag(context, CONTEXT_KEY, default=True, left_out="protects the stage")
