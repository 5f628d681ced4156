"""Whether stacks and tables of a stage refuse to be deleted: those of a stage that keeps its data do.

They cannot from the first moment on. CloudFormation takes back what a failed first deployment has made, and a
protected table could not be taken back, nor could the stack be deleted and made again. So the first deployment is made
with ``-c protect=false``, and the next one, of the same stacks, protects them. Nothing but this word turns it off.
"""

from collections.abc import Mapping
from typing import Any

from stacks.stage import Stage, StageError

CONTEXT_KEY = "protect"


def is_protected(stage: Stage, context: Mapping[str, Any]) -> bool:
    """Raises StageError where the context says anything but true or false."""
    # the CDK CLI passes on words, a cdk.json has booleans
    word = context.get(CONTEXT_KEY, True)
    if not isinstance(word, bool) and word not in ("true", "false"):
        raise StageError(f"-c {CONTEXT_KEY}={word}: is neither true nor false: leave it out, which protects the stage")
    return stage.keep_data and word in (True, "true")
