"""A word of the context that is true or false."""

from collections.abc import Mapping
from typing import Any

from stacks.stage import StageError


def flag(context: Mapping[str, Any], key: str, *, default: bool, left_out: str) -> bool:
    """left_out: what leaving it out means, for whoever wrote another word. Raises StageError."""
    # the CDK CLI passes on words, a cdk.json has booleans
    word = context.get(key, default)
    if not isinstance(word, bool) and word not in ("true", "false"):
        raise StageError(f"-c {key}={word}: is neither true nor false: leave it out, which {left_out}")
    return word in (True, "true")
