"""Reading calls that wait for their turn, and are made again while AWS throttles or does not answer."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from marketplace.faults import classify

#: How often a throttled or unanswered call is made.
ATTEMPTS = 8


def patiently(
    call: Callable[..., Mapping[str, Any]],
    request: Mapping[str, Any],
    *,
    sleep: Callable[[float], None],
    seconds: float,
) -> Mapping[str, Any]:
    """The answer to a call that changes nothing. seconds: the pause before it, longer before each repetition.

    Raises botocore's error at once where AWS refuses the call, and that of the last attempt otherwise.
    """
    for attempt in range(1, ATTEMPTS):
        sleep(seconds * attempt)
        try:
            return call(**request)
        except (ClientError, BotoCoreError) as error:
            if not classify(error).retryable:
                raise
    sleep(seconds * ATTEMPTS)
    return call(**request)
