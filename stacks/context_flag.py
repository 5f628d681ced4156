"""A value of the CDK context that is true or false."""

from collections.abc import Mapping
from typing import Any

from stacks.stage import StageError


def flag(context: Mapping[str, Any], key: str, *, default: bool, left_out: str) -> bool:
    """The value of a flag ``-c key=true``. left_out: what leaving the flag out does, for the error's text.

    Raises StageError for any other word than true and false.
    """
    # The CDK CLI passes words, cdk.json has booleans.
    word = context.get(key, default)
    if not isinstance(word, bool) and word not in ("true", "false"):
        raise StageError(f"-c {key}={word}: is neither true nor false: leave it out, which {left_out}")
    return word in (True, "true")
